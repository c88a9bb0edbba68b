package media

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls here are the kernel's, without the runtime's or the standard library's
// share: none of them blocks, so the scheduler need not know, and nothing escapes
// to the heap.

// sockaddr has room for an IPv4 or IPv6 address as the kernel writes it.
type sockaddr unix.RawSockaddrInet6

// open4 and open6 are what a socket address begins with; the rest is by family.
func (s *sockaddr) v4() *unix.RawSockaddrInet4 {
	return (*unix.RawSockaddrInet4)(unsafe.Pointer(s))
}

// addr reads the address.
func (s *sockaddr) addr(v6 bool) (a addr) {
	if v6 {
		return addr{ip: s.Addr, port: swap(s.Port)}
	}
	s4 := s.v4()
	*(*[4]byte)(a.ip[:4]) = s4.Addr
	a.port = swap(s4.Port)
	return a
}

// set writes an address and returns its length.
func (s *sockaddr) set(a *addr, v6 bool) uintptr {
	if v6 {
		s.Family, s.Port, s.Flowinfo, s.Addr, s.Scope_id = unix.AF_INET6, swap(a.port), 0, a.ip, 0
		return unix.SizeofSockaddrInet6
	}
	s4 := s.v4()
	s4.Family, s4.Port, s4.Addr = unix.AF_INET, swap(a.port), *(*[4]byte)(a.ip[:4])
	return unix.SizeofSockaddrInet4
}

// swap turns a port from host to network order and back.
func swap(p uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&p))
	return uint16(b[0])<<8 | uint16(b[1])
}

// receive reads one datagram that is already there.
func receive(fd int32, b []byte, from *sockaddr) (int, syscall.Errno) {
	size := uint32(unix.SizeofSockaddrInet6)
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(from)), uintptr(unsafe.Pointer(&size)))
	return int(n), e
}

// send hands one datagram to the kernel, or fails at once.
func send(fd int32, b []byte, to *sockaddr, size uintptr) syscall.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(to)), size)
	return e
}

// poll returns the events that are ready now.
func poll(ep int, events []unix.EpollEvent) int {
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])),
		uintptr(len(events)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}

// bindUDP opens a socket on exactly one address and port.
func bindUDP(at netip.AddrPort) (int32, error) {
	family := unix.AF_INET
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var sa unix.Sockaddr
	if family == unix.AF_INET6 {
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	} else {
		sa = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return int32(fd), nil
}
