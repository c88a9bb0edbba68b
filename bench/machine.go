package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// userHZ is the unit of CPU times in /proc: 100 a second on every architecture that
// Go and Linux share.
const userHZ = 100

// machine is where the figures were measured. They move with it.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int    `json:"memory_mib"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Date   string `json:"date"`
}

func describeMachine() machine {
	m := machine{CPU: "unknown", Cores: runtime.NumCPU(), Go: runtime.Version(), Date: time.Now().UTC().Format(time.RFC3339)}
	if v := procField("/proc/cpuinfo", "model name"); v != "" {
		m.CPU = v
	}
	if kb, err := strconv.Atoi(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB")); err == nil {
		m.Memory = kb / 1024
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(b))
	}
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %d MiB, %s, %s, %s", m.CPU, m.Cores, m.Memory, m.Kernel, m.Go, m.Date)
}

// procField is the value of the first "name : value" line of a file.
func procField(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// cpuTime is CPU seconds of the whole machine since it started.
type cpuTime struct{ busy, steal float64 }

func machineCPU() cpuTime {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return cpuTime{}
	}
	line, _, _ := strings.Cut(string(b), "\n")
	var v [11]float64 // cpu user nice system idle iowait irq softirq steal guest guest_nice
	for i, f := range strings.Fields(line) {
		if i < len(v) {
			v[i], _ = strconv.ParseFloat(f, 64)
		}
	}
	return cpuTime{busy: (v[1] + v[2] + v[3] + v[6] + v[7]) / userHZ, steal: v[8] / userHZ}
}

// procStat is what a process has used.
type procStat struct {
	cpu float64 // user and system seconds
	rss int64   // KiB
}

// readProc reads /proc/PID/stat; ok is false when the process is gone.
func readProc(pid int) (s procStat, ok bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return s, false
	}
	return parseProc(string(b))
}

// parseProc takes the line apart behind the command's name, which may hold anything.
func parseProc(line string) (s procStat, ok bool) {
	f := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(f) < 22 {
		return s, false
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	pages, err3 := strconv.ParseInt(f[21], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return s, false
	}
	return procStat{cpu: (user + system) / userHZ, rss: pages * int64(os.Getpagesize()) / 1024}, true
}

// selfCPU is what this process has used.
func selfCPU() float64 {
	var ru syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &ru) != nil {
		return 0
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano()).Seconds()
}

// load is who used the machine while a row was measured, in cores.
type load struct {
	Sallyport float64 `json:"sallyport_cores"`
	Generator float64 `json:"generator_cores"`
	Other     float64 `json:"other_cores"` // also kernel work charged to nobody
	Steal     float64 `json:"steal_cores"` // taken by the hypervisor
}

// loadBetween shares out what the machine did in wall time between the parties.
func loadBetween(a, b cpuTime, wall time.Duration, sut, generator float64) load {
	w := wall.Seconds()
	return load{
		Sallyport: sut / w,
		Generator: generator / w,
		Other:     max(0, (b.busy-a.busy-sut-generator)/w),
		Steal:     max(0, (b.steal-a.steal)/w),
	}
}

// A row measured while others used more than this many cores is not to be trusted.
const noise = 0.3

func (l load) warning(quiet bool) string {
	var w []string
	if !quiet {
		w = append(w, "the machine was not quiet before the row")
	}
	if l.Other > noise {
		w = append(w, fmt.Sprintf("others used %.2f cores", l.Other))
	}
	if l.Steal > noise {
		w = append(w, fmt.Sprintf("the hypervisor took %.2f cores", l.Steal))
	}
	return strings.Join(w, "; ")
}

// waitQuiet waits until the whole machine used less than 0.15 cores for a second, at
// most limit, and says whether that came.
func waitQuiet(ctx context.Context, limit time.Duration) bool {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	before := machineCPU()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		now := machineCPU()
		if now.busy-before.busy < 0.15 {
			return true
		}
		before = now
	}
	return false
}

// udpDrops is how many datagrams the kernel threw away because the sockets bound to an
// address, all their ports taken together, were full.
func udpDrops(ip netip.Addr) int {
	b, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		return 0
	}
	return parseDrops(string(b), ip)
}

func parseDrops(table string, ip netip.Addr) (drops int) {
	want := udpLocal(ip)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 13 || !strings.HasPrefix(f[1], want+":") {
			continue
		}
		if n, err := strconv.Atoi(f[len(f)-1]); err == nil {
			drops += n
		}
	}
	return drops
}

// udpLocal is an IPv4 address as /proc/net/udp writes it.
func udpLocal(ip netip.Addr) string {
	a := ip.As4()
	return fmt.Sprintf("%02X%02X%02X%02X", a[3], a[2], a[1], a[0])
}
