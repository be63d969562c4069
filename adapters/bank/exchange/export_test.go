package exchange

// Exchange gives a folder another disk.
func Exchange(f *Folder, d Disk) { f.disk = d }
