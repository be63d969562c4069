// Package trial runs a private PostgreSQL and a private Redis for the
// demonstration and for tests, and installs what is missing for them.
//
// Each server listens on 127.0.0.1 on a free port and keeps everything in one
// temporary folder. Stop ends it and removes the folder. Nothing outlives the
// process that started it: on Linux the kernel ends a server when its parent
// dies, even by kill -9; what can remain is a folder, and on other systems an
// orphan inside it, and the next start sweeps both away.
//
//	start ──> running ──Stop───> gone
//	            │  ▲
//	      Crash │  │ Restart
//	            ▼  │
//	           down ────Stop───> gone
//
// A folder is named after its owner's process id, and the owner holds a lock
// on a file inside it. Only a folder whose owner is dead and whose lock is
// free is swept, so a process with the same number in another container keeps
// its servers.
//
// PostgreSQL refuses to run as root, so root hands each server to an
// unprivileged account.
package trial
