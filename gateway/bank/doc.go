// Package bank is what the gateway and a bank say to each other: instructions
// out, answers and statements back.
//
// What a bank sends is a new fact: it is kept as received and taken in at our
// pace. Every format is read into the Records of this package and written from
// them; the codecs live in adapters/bank and know nothing of the flows.
package bank
