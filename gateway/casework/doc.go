// Package casework is what people decide where no rule can: a file that was set
// aside, an item whose bank does not answer, a case that nothing else ends, a return
// that is never paid again, a death notice that was wrong, what accounts held at
// go-live.
//
//	submitted ──approve──► approved   in effect, with an approval of its digest by a second person
//	    ├───────reject───► rejected
//	    └───────withdraw─► withdrawn  by its maker's own person
//
// A decision names the document that it rests on, and is bound to what its maker
// was shown of its subject: where that changed meanwhile, it has to be made anew.
// What a bank could have said goes the way that its own word goes. A file that is
// accepted is taken in by the same job as any other, and evidence becomes an answer
// under a receipt of its own; so no money moves by such a decision that could not have
// moved by a bank's answer, and a bank that says the opposite later contradicts it.
//
// What only the agency can say is done in the transaction of the approval, by the
// flow that it belongs to: this package knows no flow, and asks it through FlowTx
// what may be decided. The fact that comes of it names its decision, and the database
// refuses it without the approval of another person.
package casework
