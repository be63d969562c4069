package profile

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed shipped
var shippedFiles embed.FS

// ShippedFiles is the folder of the profiles that come with the program and of
// their examples.
func ShippedFiles() fs.FS {
	sub, err := fs.Sub(shippedFiles, "shipped")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}

// Shipped returns the profiles that come with the program, in the order of their
// files.
func Shipped() []*Profile {
	all, err := loadAll(ShippedFiles(), nil)
	if err != nil {
		panic(err) // the profiles are compiled in, and tests parse them
	}
	return all
}

// maxProfiles bounds the profiles of one folder.
const maxProfiles = 1000

// Load reads the profiles of a folder: its files whose names end in .yaml or .yml.
// Two profiles of one name and direction, and one that bears the name of a shipped
// one of its direction, are refused: a bank's own gets a name of its own. The error
// joins those of all files.
func Load(fsys fs.FS) ([]*Profile, error) { return loadAll(fsys, Shipped()) }

func loadAll(fsys fs.FS, taken []*Profile) ([]*Profile, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, ErrProfile.With("the folder of profiles cannot be read").Because(err)
	}
	var all []*Profile
	var errs []error
	from := make(map[string]string)
	for _, p := range taken {
		from[identity(p)] = "the program"
	}
	for _, entry := range entries {
		suffix := strings.ToLower(path.Ext(entry.Name()))
		if entry.IsDir() || suffix != ".yaml" && suffix != ".yml" {
			continue
		}
		if len(all) == maxProfiles {
			return nil, ErrProfile.With("the folder has more than %d profiles", maxProfiles)
		}
		p, err := loadOne(fsys, entry.Name())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if first, twice := from[identity(p)]; twice {
			errs = append(errs, ErrProfile.With("%s: the profile %s for %s is in %s already; expected another name",
				entry.Name(), p.name, p.direction, first))
			continue
		}
		from[identity(p)] = entry.Name()
		all = append(all, p)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return slices.Clip(all), nil
}

// identity is what no two profiles share.
func identity(p *Profile) string { return p.name + "/" + string(p.direction) }

func loadOne(fsys fs.FS, name string) (*Profile, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, ErrProfile.With("%s cannot be opened", name).Because(err)
	}
	defer f.Close() //nolint:errcheck // read only
	src, err := io.ReadAll(io.LimitReader(f, MaxSource+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return Parse(name, src)
}
