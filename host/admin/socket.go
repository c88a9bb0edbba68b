package admin

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrInUse means that another process answers on the socket.
var ErrInUse = errors.New("in use by another process")

// maxPath is the longest path of a unix socket that every system takes.
const maxPath = 100

const (
	socketMode = 0o660
	folderMode = 0o750
)

// Listen makes the socket, with the folder it is in. What a process that died has left there
// is replaced; one that still answers is ErrInUse.
func Listen(path string) (net.Listener, error) {
	// The socket is made beside its place and moved there when its mode is right, so that
	// nobody can come in before.
	beside := fmt.Sprintf("%s.%d", path, os.Getpid())
	if len(beside) > maxPath {
		return nil, fmt.Errorf("%s: the path of a socket has at most %d bytes", path, maxPath-8)
	}
	// Only the folder of the socket is closed to others: records and more lie beside it.
	folder := filepath.Dir(path)
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(folder, folderMode); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != os.ModeSocket {
			return nil, fmt.Errorf("%s: there is a file that is no socket", path)
		}
		c, err := net.DialTimeout("unix", path, time.Second)
		if err == nil {
			c.Close()
		}
		if err == nil || !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", path, ErrInUse)
		}
	}
	_ = os.Remove(beside)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: beside, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	s := &socket{UnixListener: l, path: path}
	if err := errors.Join(os.Chmod(beside, socketMode), os.Rename(beside, path)); err != nil {
		s.Close()
		_ = os.Remove(beside)
		return nil, err
	}
	s.made, err = os.Lstat(path)
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// socket removes its file when it is closed, unless another one is there by now.
type socket struct {
	*net.UnixListener
	path string
	made os.FileInfo
}

func (s *socket) Close() error {
	if there, err := os.Lstat(s.path); err == nil && s.made != nil && os.SameFile(there, s.made) {
		_ = os.Remove(s.path)
	}
	return s.UnixListener.Close()
}

// limit lets at most n connections be open.
func limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, places: make(chan struct{}, n), closed: make(chan struct{})}
}

type limited struct {
	net.Listener
	places chan struct{}
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a place first.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placed{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Close ends a waiting Accept too.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type placed struct {
	net.Conn
	leave func()
}

func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
