// Package banktest is the contract that every channel to a bank has to pass, and what
// tests need to hold it up: the bank's side of a folder, and OpenSSH's own SFTP
// server behind an SSH server of ours.
//
//	Exercise        a bank.Courier: sweep, stage, place, in the way, set aside, take back, ready, read, archive,
//	                quarantine; broken off after each step; two processes at once; names of every kind
//	ExerciseBank    the bank's side of the API: takes a batch, acknowledges it, answers each item once
//
// It is for tests only.
package banktest
