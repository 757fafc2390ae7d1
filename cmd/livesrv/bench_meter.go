package main

import (
	"context"
	"time"

	"livesrv/internal/bench/process"
	"livesrv/internal/bench/viewer"
)

// viewersReport is what 'bench viewers --json' prints.
type viewersReport struct {
	At time.Time `json:"at"`
	// Setup is missing where the server was there already.
	Setup   *viewersSetup   `json:"setup,omitempty"`
	Results []viewersResult `json:"results"`
}

// viewersResult is a report with what it cost.
type viewersResult struct {
	// Server is livesrv or floor where the bench has made it, else server.
	Server string `json:"server"`
	*viewer.Report
	// Cost is missing where the server's process is not known.
	Cost *serverCost `json:"cost,omitempty"`
	// ToolCores is what the load tool used itself, in processors.
	ToolCores float64 `json:"toolCores"`
	// MachineBusy and MachineStolen are shares of the machine's time, from 0 to 1: at work, and wanted but taken by others
	// on the same hardware. Both are 0 where that cannot be known.
	MachineBusy   float64 `json:"machineBusy"`
	MachineStolen float64 `json:"machineStolen"`
}

// serverCost is what the server's process used while it was measured.
type serverCost struct {
	// Cores is all, in processors; IdleCores what it used before the viewers came, with the streams.
	Cores     float64 `json:"cores"`
	IdleCores float64 `json:"idleCores"`
	// ViewerMillis is the time on a processor for a second of one viewer: (Cores − IdleCores) / viewers.
	ViewerMillis float64 `json:"viewerMillis"`
	// RSS is the memory at the end, in bytes.
	RSS int64 `json:"rss"`
	// WindowBytes is what the server keeps of all streams at the end: what is listed, and what must stay to be had for a
	// while after. It is missing where the bench has not made the server.
	WindowBytes int64 `json:"windowBytes,omitempty"`
}

// meter reads what two processes use, the server's, where it is known, and this one, and what the machine does.
type meter struct {
	pid          int
	known        bool
	idleCores    float64
	server, tool [2]process.Usage
	machine      [2]process.Machine
}

// leastIdle is how long a server is looked at before viewers come at the least: a process's time is counted in steps of
// 10 ms.
const leastIdle = 200 * time.Millisecond

// idle looks for a while at what the server uses without viewers.
func (m *meter) idle(ctx context.Context, d time.Duration) error {
	if m.pid == 0 {
		return nil
	}
	began := time.Now()
	before, err := process.Of(m.pid)
	if err != nil {
		return err
	}
	m.known = true
	timer := time.NewTimer(max(d, leastIdle))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	after, err := process.Of(m.pid)
	m.idleCores = (after.CPU - before.CPU).Seconds() / time.Since(began).Seconds()
	return err
}

// window is called when the measurement begins and when it ends.
func (m *meter) window(begins bool) {
	i := 1
	if begins {
		i = 0
	}
	var err error
	if m.known {
		if m.server[i], err = process.Of(m.pid); err != nil {
			m.known = false
		}
	}
	// Zero where these cannot be known.
	m.tool[i], _ = process.Self()
	m.machine[i], _ = process.OfMachine()
}

// result puts what was read beside what the viewers saw.
func (m *meter) result(name string, report *viewer.Report) viewersResult {
	r := viewersResult{Server: name, Report: report, ToolCores: (m.tool[1].CPU - m.tool[0].CPU).Seconds() / report.Seconds}
	r.MachineBusy, r.MachineStolen = m.machine[1].Since(m.machine[0]).Share()
	if m.known {
		cores := (m.server[1].CPU - m.server[0].CPU).Seconds() / report.Seconds
		r.Cost = &serverCost{Cores: cores, IdleCores: m.idleCores, ViewerMillis: 1000 * (cores - m.idleCores) / float64(report.Viewers), RSS: m.server[1].RSS}
	}
	return r
}
