package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"livesrv/configs"
	"livesrv/internal/config"
	"livesrv/internal/fault"
	"livesrv/internal/transcode"
)

// settings are the flags by which a command reads the configuration.
type settings struct {
	file string
	set  []string
	data string
	http string
	rtmp string
	srt  string
	rtsp string
	self bool
}

// flags adds the configuration's flags to a command.
func (s *settings) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&s.file, "config", "c", "", "configuration `FILE` (default ./livesrv.yml where there is one)")
	f.StringArrayVar(&s.set, "set", nil, "set one `KEY=VALUE` of configs/livesrv.yml; may be given again")
	f.StringVar(&s.data, "data", "", "`FOLDER` of the database (data.dir)")
	f.StringVar(&s.http, "http", "", "`ADDRESS` of pages, HLS and API, such as :8080 (http.address)")
	f.StringVar(&s.rtmp, "rtmp", "", "`ADDRESS` of RTMP, such as :1935 (rtmp.address)")
	f.StringVar(&s.srt, "srt", "", "`ADDRESS` of SRT, such as :8890; empty switches it off (srt.address)")
	f.StringVar(&s.rtsp, "rtsp", "", "`ADDRESS` of RTSP, such as :8554; empty switches it off (rtsp.address)")
	f.BoolVar(&s.self, "tls-self-signed", false, "speak HTTPS with a certificate made at start, for trying (http.tls_self_signed)")
}

// load reads the configuration: file, environment, flags.
func (s *settings) load(cmd *cobra.Command, con console) (*config.Loaded, error) {
	o := config.Options{File: s.file, Environ: con.environ}
	for _, text := range s.set {
		f, err := config.ParseSet(text)
		if err != nil {
			return nil, usageError{err}
		}
		o.Flags = append(o.Flags, f)
	}
	for _, short := range []struct{ flag, key, value string }{
		{"data", "data.dir", s.data},
		{"http", "http.address", s.http},
		{"rtmp", "rtmp.address", s.rtmp},
		{"srt", "srt.address", s.srt},
		{"rtsp", "rtsp.address", s.rtsp},
		{"tls-self-signed", "http.tls_self_signed", fmt.Sprint(s.self)},
	} {
		if cmd.Flags().Changed(short.flag) {
			o.Flags = append(o.Flags, config.Flag{Name: "--" + short.flag, Key: short.key, Value: short.value})
		}
	}
	return config.Load(o)
}

func newConfig(con console) *cobra.Command {
	return newGroup("config", "Check or print the configuration", newConfigCheck(con), newConfigPrint(con))
}

func newConfigCheck(con console) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say whether the server would start with these settings",
		Long: `Reads the file, the LIVESRV_ variables and the flags as 'serve' would, and says everything that is wrong
with them at once: the key, where it was written, and what to write instead. Starts nothing.`,
		Example: "  livesrv config check\n  livesrv config check --config /etc/livesrv.yml --set packager.part_duration=200ms",
		Args:    words(0, 0),
	}
	s.flags(cmd)
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := s.load(cmd, con)
		if err != nil {
			return err
		}
		_, missing := transcode.Find(loaded.Config.Transcode)
		if *asJSON {
			return printJSON(con.out, map[string]any{"ok": true, "file": loaded.File, "ffmpeg": missing == nil})
		}
		from := "no file, so the defaults"
		if loaded.File != "" {
			from = loaded.File
		}
		fmt.Fprintf(con.out, "The configuration is in order (%s).\n", from)
		if f, ok := errors.AsType[*fault.Error](missing); ok && loaded.Config.Transcode.FFmpeg != "" {
			fmt.Fprintf(con.out, "But %s, so Opus sound stays Opus, which Safari and iPhones may not play: %s.\n", f.Msg, f.Hint)
		}
		return nil
	}
	return cmd
}

func newConfigPrint(con console) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "print",
		Short: "Show every setting in force and where it came from",
		Long: `Shows every setting with the value that 'serve' would use and where that came from: the default, a line of
the file, a variable, or a flag. Secrets are masked. --sample prints the annotated file with every default.`,
		Example: "  livesrv config print\n  livesrv config print --json\n  livesrv config print --sample > livesrv.yml",
		Args:    words(0, 0),
	}
	s.flags(cmd)
	asJSON := jsonFlag(cmd)
	sample := cmd.Flags().Bool("sample", false, "print the annotated file with every default")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *sample {
			_, err := con.out.Write(configs.Sample)
			return err
		}
		loaded, err := s.load(cmd, con)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(con.out, loaded.Settings())
		}
		var rows [][]string
		for _, v := range loaded.Settings() {
			rows = append(rows, []string{v.Key, fmt.Sprintf("%q", v.Value), v.From})
		}
		return printTable(con.out, []string{"key", "value", "from"}, rows)
	}
	return cmd
}
