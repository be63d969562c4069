package trial

import "syscall"

// dieWithParent lets the kernel signal the program when the thread that
// started it is gone.
func dieWithParent(attr *syscall.SysProcAttr, last syscall.Signal) { attr.Pdeathsig = last }
