package host

import (
	"net"
	"net/netip"
	"os"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/sems"
)

// ImportSEMS converts the configuration of a SEMS SBC in a folder into one for this program.
// Nothing is written. Nothing outside the folder is read, also where links lead there.
func ImportSEMS(dir string) (*sems.Result, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return sems.Convert(root.FS(), sems.Options{Builtins: builtins(), Device: deviceAddress})
}

// Imported says what keeps a converted configuration from running on this machine, such as
// addresses that it does not have; nil when nothing does.
func Imported(file string) error {
	_, err := config.Load(file, config.Options{Builtins: builtins()})
	return err
}

// deviceAddress returns the first address of a network device of this machine.
func deviceAddress(name string) (netip.Addr, bool) {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, false
	}
	addrs, err := device.Addrs()
	if err != nil {
		return netip.Addr{}, false
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if ip, ok := netip.AddrFromSlice(n.IP); ok && !ip.IsLinkLocalUnicast() {
			return ip.Unmap(), true
		}
	}
	return netip.Addr{}, false
}
