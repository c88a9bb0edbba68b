//go:build !linux

package transport

import "net"

// setBuffers asks the kernel for socket buffers of n bytes.
func setBuffers(c *net.UDPConn, n int) {
	_ = c.SetReadBuffer(n)
	_ = c.SetWriteBuffer(n)
}
