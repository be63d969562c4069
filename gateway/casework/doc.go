// Package casework is what people decide where no rule can: a file that was set
// aside, an item whose bank does not answer, a case that nothing else ends.
//
//	submitted ──approve──► approved   in effect, with an approval of its digest by a second person
//	    ├───────reject───► rejected
//	    └───────withdraw─► withdrawn  by its maker's own person
//
// A decision names the document that it rests on, and is bound to what its maker
// was shown of its subject: where that changed meanwhile, it has to be made anew.
// Its effect goes the way that the bank's own word goes. A file that is accepted is
// taken in by the same job as any other, and evidence becomes an answer under a
// receipt of its own; so no money moves by a decision that could not have moved by
// a bank's answer, and a bank that says the opposite later contradicts it.
package casework
