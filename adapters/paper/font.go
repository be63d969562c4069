package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/signintech/gopdf"
)

// notoSansSC is Noto Sans SC Regular, version 2.004 as npm's
// @expo-google-fonts/noto-sans-sc 0.4.3 carries it, under the SIL Open Font
// License (font/OFL.txt). Left out are the tables of layout and hinting, which
// nothing here reads, and the outlines that no character of the basic plane leads
// to; the glyphs have their original numbers.
//
//go:embed font/noto-sans-sc.ttf.zst
var notoSansSC []byte

const family = "noto"

// Press writes tables in any format. It opens its font with the first PDF and
// keeps it, some 15 MB, for the next. It is safe for concurrent use.
type Press struct {
	open func() (*gopdf.FontContainer, error)
}

// NewPress makes a Press.
func NewPress() *Press { return &Press{open: sync.OnceValues(openFont)} }

func openFont() (*gopdf.FontContainer, error) {
	r, err := zstd.NewReader(bytes.NewReader(notoSansSC), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("open the font: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	fonts := &gopdf.FontContainer{}
	if err := fonts.AddTTFFontData(family, data); err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	return fonts, nil
}
