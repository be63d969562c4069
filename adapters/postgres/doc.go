// Package postgres stores what the flows decide: one file per consumer, the SQL
// beside the function that runs it, and one tx that satisfies every flow's own
// small Tx interface.
//
// PostgreSQL is the truth. Every rule of the money that can be a key, a check or
// a trigger is one, so that it holds for any SQL of the application's role; the
// migrations say which. Transactions begin and end in DB.InTx alone, which
// classes every error of a commit as reliability.md §8 asks: a commit without
// an answer is unknown, and is resolved by running the same function again with
// the same keys.
package postgres
