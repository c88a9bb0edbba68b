package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

func newProfileCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "profile",
		Short: "Look at the profiles of a running SBC and change them while calls run",
		Long: `Calls that begin after a change get it; calls in progress keep the profile they began
with. A file with a mistake changes nothing. What is loaded from elsewhere than the
configuration says is lost at the next reload or restart.`,
		Example: `  sallyport profile list
  sallyport profile load trunk /tmp/trunk.toml    try another version
  sallyport profile reload trunk                  take what its file says now
  sallyport profile active '$M($si=>ipmap)' refuse`,
	}, profileList(), profileShow(), profileLoad(), profileReload(), profileActive())
}

// profileNames completes names of profiles.
func profileNames(ctx context.Context, c *admin.Client) []string {
	var a admin.Profiles
	if c.Do(ctx, http.MethodGet, "/profiles", nil, &a) != nil {
		return nil
	}
	var names []string
	for _, p := range a.Profiles {
		names = append(names, p.Name)
	}
	return names
}

func showProfiles(w io.Writer, ps []admin.Profile) {
	var rows [][]string
	for _, p := range ps {
		rows = append(rows, []string{p.Name, state(p.Live), p.MD5, short(p.SHA256), when(p.Loaded), p.File})
	}
	table(w, "PROFILE STATE MD5 SHA256 LOADED FILE", rows)
}

func profileList() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "list",
		Short: "List the profiles, with the hashes of the files they were read from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, http.MethodGet, "/profiles", nil, func(w io.Writer, a admin.Profiles) { showProfiles(w, a.Profiles) })
		},
	}, nil)
}

func profileShow() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "show NAME",
		Short: "Show every key of a profile, defaults and inherited ones too",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, http.MethodGet, at("profiles", args[0]), nil, func(w io.Writer, a admin.ProfileSettings) {
				showProfile(w, a.Profile)
				b, err := json.MarshalIndent(a.Keys, "", "  ")
				if err == nil {
					fmt.Fprintf(w, "\n%s\n", b)
				}
			})
		},
	}, profileNames)
}

func showProfile(w io.Writer, p admin.Profile) {
	pairs(w, "profile", p.Name, "file", p.File, "state", state(p.Live), "md5", p.MD5, "sha256", p.SHA256,
		"keys", p.Settings, "loaded", when(p.Loaded))
}

func profileLoad() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "load NAME FILE",
		Short: "Load one profile from a file, until the next reload",
		Long: `Takes [profile.NAME] from a file, in place of the profile of that name or as a new one.
Other sections of the file are not looked at.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := absolute(args[1])
			if err != nil {
				return err
			}
			return ask(cmd, r, http.MethodPut, at("profiles", args[0]), admin.LoadProfile{File: file}, showProfile)
		},
	}, profileNames)
}

func profileReload() *cobra.Command {
	r := &remote{}
	var all bool
	cmd := r.verb(&cobra.Command{
		Use:   "reload NAME | --all",
		Short: "Read one profile, or all of them, again from their files",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all != (len(args) == 0) {
				return errors.New("name one profile, or say --all")
			}
			if all {
				return ask(cmd, r, http.MethodPost, "/profiles/reload", nil, func(w io.Writer, a admin.Profiles) { showProfiles(w, a.Profiles) })
			}
			return ask(cmd, r, http.MethodPost, at("profiles", args[0], "/reload"), nil, showProfile)
		},
	}, profileNames)
	cmd.Flags().BoolVar(&all, "all", false, "all profiles, or none when one has a mistake")
	return cmd
}

func profileActive() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "active [SELECTOR...]",
		Short: "Show which selectors choose the profile of a call, or set them until the next reload",
		Long: `The first selector that yields something names the profile; "refuse" refuses the call.
Names that no profile has are refused here.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			show := func(w io.Writer, a admin.Active) {
				fmt.Fprintf(w, "%s\n%s\n", strings.Join(a.Selectors, "\n"), state(a.Live))
			}
			if len(args) == 0 {
				return ask(cmd, r, http.MethodGet, "/active-profile", nil, show)
			}
			return ask(cmd, r, http.MethodPut, "/active-profile", admin.SetActive{Selectors: args}, show)
		},
	}, profileNames)
}
