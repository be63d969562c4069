// Package exchange carries files between the gateway and banks that give and take
// them through a folder: one of this machine, or one on a bank's SFTP server.
//
//	FOLDER/outbox      ours to the bank: P_rcc_610304_20110310_00000007.TXT, and its marker where markers are used
//	FOLDER/inbox       the bank's to us: anything whose name ends in the batch's number, …_00000007_S.TXT
//	FOLDER/archive     what was taken in, as it was received, under its digest
//	FOLDER/quarantine  what nobody could take in, and what lay in the way of a file of ours
//
// A file of ours is written under a name that ends in .tmp, made durable, and only
// then given its name, by a link: a link never replaces a file, which a rename
// does. So whatever moment the process or the machine dies at, the name holds the
// whole file or nothing, and what ends in .tmp may be removed by anybody.
//
// A file of the bank is whole when its size and time were the same in two looks some
// seconds apart, or when its marker is there: a file of the same name with .ok behind
// it, empty or with the file's number of lines and their amount. One that changes
// while it is read, or before it is moved away, is not taken in; the next look finds
// it again. Links, folders and names that lead elsewhere are left alone, one look
// takes notice of ten thousand entries, and no more is read of a file than it said it
// has. Files are carried as they are: nothing is ever unpacked here.
//
// The folder must be on one file system that knows links; Open proves it.
//
// # SFTP
//
// A Remote is the same folder on a server. It pins the server's keys from a file in
// the form of known_hosts and trusts none because it is shown; it logs in with a key
// from a file that nobody else may read, and speaks only algorithms that are still
// safe.
//
//	write NAME.xxxxxxxx.tmp ─► fsync, where offered ─► close ─► read back: size and digest ─► NAME
//
// The name is given by a hard link where the server makes them, else by the
// protocol's rename, which refuses a name that is taken; a server whose rename
// replaces files is found out before the first delivery and not used. (The check-file
// extension would spare the reading back; OpenSSH does not offer it.)
//
// Where the connection is lost within a file, a new one goes on with the same block:
// blocks are written by their place, so that one that arrived twice is one. A process
// that ends leaves the next one nothing to go on with: it cannot tell whose half file
// that is, removes it and begins anew under another name. A reply that is lost after
// the name was given costs nothing: the next look finds the name with the frozen
// digest, and adopts it; with other content it stops for a person.
//
// Every operation has its time; a server that is silent once is left alone for a
// pause that grows to a minute, and in a pause everything fails at once. The protocol
// cannot make a name durable: that is the bank's server's part.
//
// The bytes of every file that was taken in lie in PostgreSQL too, with their digest;
// archive is the bank's own view of them and may be emptied. What lies in quarantine
// without a batch lies nowhere else.
package exchange
