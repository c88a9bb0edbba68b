package embedded

import (
	"os"
	"syscall"
)

// datasync makes the data durable, and of the inode only what is needed to find it:
// times are not.
func datasync(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
