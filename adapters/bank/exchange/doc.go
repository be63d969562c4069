// Package exchange carries files between the gateway and banks that give and take
// them through a folder.
//
//	FOLDER/outbox      ours to the bank: P_rcc_610304_20110310_00000007.TXT, and its marker where markers are used
//	FOLDER/inbox       the bank's to us: anything whose name ends in the batch's number, …_00000007_S.TXT
//	FOLDER/archive     what was taken in, under its digest
//	FOLDER/quarantine  what nobody could take in, and what lay in the way of a file of ours
//
// A file of ours is written under a name that ends in .tmp, made durable, and only
// then given its name, by a link: a link never replaces a file, which a rename
// does. So whatever moment the process or the machine dies at, the name holds the
// whole file or nothing, and what ends in .tmp may be removed by anybody.
//
// A file of the bank is whole when its size and time were the same in two looks, or
// when its marker is there: a file of the same name with .ok behind it, empty or
// with the file's number of lines and their amount.
//
// The folder must be on one file system that knows links; Open proves it.
package exchange
