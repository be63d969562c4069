package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"twoline/gateway/fault"
	"twoline/gateway/report"
)

const (
	csvType  = "text/csv"
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	pdfType  = "application/pdf"
)

// Papers writes tables as files.
type Papers func(format string, to io.Writer) (report.Sheet, error)

// Printing is what the input of a Paper embeds.
type Printing struct {
	Accept string `header:"Accept" hidden:"true"`
	Format string `query:"format" enum:"json,csv,xlsx,pdf" doc:"Else what Accept asks for, else json"`
	Lang   string `query:"lang" enum:"zh,en" default:"zh" doc:"Of a table's words"`
}

// format is what the caller takes: by name, else by media type.
func (p Printing) format() string {
	switch {
	case p.Format != "":
		return p.Format
	case strings.Contains(p.Accept, csvType):
		return "csv"
	case strings.Contains(p.Accept, xlsxType):
		return "xlsx"
	case strings.Contains(p.Accept, pdfType):
		return "pdf"
	}
	return "json"
}

func (p Printing) printing() Printing { return p }

// language is that of the words.
func (p Printing) language() report.Language { return report.Language(p.Lang) }

// printed is an input that embeds Printing.
type printed[In any] interface {
	*In
	printing() Printing
}

// table is a paper for people: how its file is called, without the ending, and
// what it says. write may be called twice and must say the same.
type table struct {
	name  string
	write func(ctx context.Context, sheet report.Sheet) error
}

type paper struct {
	Body func(huma.Context)
}

// Paper registers a GET that answers JSON, or the same as a table: CSV,
// xlsx or PDF.
func Paper[In, Out any, P printed[In]](
	s *Server, r Route, run func(context.Context, Call, *In) (Out, error),
	tabulate func(context.Context, Call, *In) (table, error),
) {
	document := func(op *huma.Operation) {
		file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		op.Responses["200"] = &huma.Response{
			Description: "OK; a table has its Repr-Digest",
			Headers: map[string]*huma.Param{"Repr-Digest": {
				Description: "sha-256 of a table's bytes (RFC 9530)", Schema: &huma.Schema{Type: huma.TypeString},
			}},
			Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemaOf[Out](s)}, csvType: {Schema: file}, xlsxType: {Schema: file},
				pdfType: {Schema: file},
			},
		}
	}
	register(s, r, kindQuery, document, func(ctx context.Context, c Call, in *In) (*paper, error) {
		ask := P(in).printing()
		if ask.format() == "json" {
			out, err := run(ctx, c, in)
			if err != nil {
				return nil, err
			}
			body, err := marshal(out)
			if err != nil {
				return nil, err
			}
			return &paper{Body: func(h huma.Context) { s.sendJSON(ctx, h, body) }}, nil
		}
		t, err := tabulate(ctx, c, in)
		if err != nil {
			return nil, err
		}
		f, err := s.print(ctx, ask.format(), t)
		if err != nil {
			return nil, err
		}
		return &paper{Body: func(h huma.Context) { s.sendFile(ctx, h, f) }}, nil
	})
}

func (s *Server) sendJSON(ctx context.Context, h huma.Context, body []byte) {
	h.SetStatus(http.StatusOK)
	h.SetHeader("Content-Type", "application/json")
	if _, err := h.BodyWriter().Write(body); err != nil {
		s.deps.Log.LogAttrs(ctx, slog.LevelInfo, "answer not taken", slog.Any("error", err))
	}
}

// print makes a table a file whose size and digest are known before it is sent.
// What is short is kept until then; what is long is written twice, and cut off
// where the second time is not the first.
func (s *Server) print(ctx context.Context, format string, t table) (File, error) {
	first := &measure{hash: sha256.New(), size: 0, kept: new(bytes.Buffer)}
	if err := s.tabulate(ctx, format, t, first); err != nil {
		return File{}, err //nolint:exhaustruct // none
	}
	f := File{
		Name: t.name + "." + format, ContentType: map[string]string{"csv": csvType, "xlsx": xlsxType, "pdf": pdfType}[format],
		Size: first.size, Digest: [sha256.Size]byte(first.hash.Sum(nil)),
		Write: func(_ context.Context, to io.Writer) error {
			_, err := to.Write(first.kept.Bytes())
			return err
		},
	}
	if first.kept == nil {
		f.Write = func(ctx context.Context, to io.Writer) error {
			again := &measure{hash: sha256.New(), size: 0, kept: nil}
			late := &lagging{to: to, last: nil}
			if err := s.tabulate(ctx, format, t, io.MultiWriter(again, late)); err != nil {
				return err
			}
			if again.size != f.Size || [sha256.Size]byte(again.hash.Sum(nil)) != f.Digest {
				return errPaperMoved
			}
			return late.end()
		}
	}
	return f, nil
}

func (s *Server) tabulate(ctx context.Context, format string, t table, to io.Writer) error {
	if s.deps.Papers == nil {
		return errNoPapers.On("format")
	}
	sheet, err := s.deps.Papers(format, to)
	if err != nil {
		return err
	}
	return t.write(ctx, sheet)
}

// keptPaper bounds the bytes of a table that wait in memory to be sent.
const keptPaper = 4 << 20

// measure takes a table's size and digest, and keeps it while it is short.
type measure struct {
	hash hash.Hash
	size int64
	kept *bytes.Buffer
}

// Write implements io.Writer.
func (m *measure) Write(p []byte) (int, error) {
	m.hash.Write(p)
	m.size += int64(len(p))
	if m.size > keptPaper {
		m.kept = nil
	}
	if m.kept != nil {
		m.kept.Write(p)
	}
	return len(p), nil
}

var (
	errPaperMoved = errors.New("the table changed while it was sent")
	errNoPapers   = fault.New(fault.Invalid, "invalid_request", "this service writes no tables")
)

// lagging is one write behind, so that no receiver has the whole of a table before
// it is known to be the announced one.
type lagging struct {
	to   io.Writer
	last []byte
}

// Write implements io.Writer.
func (l *lagging) Write(p []byte) (int, error) {
	if err := l.end(); err != nil {
		return 0, err
	}
	l.last = append(l.last[:0], p...)
	return len(p), nil
}

func (l *lagging) end() error {
	if _, err := l.to.Write(l.last); err != nil {
		return fmt.Errorf("send table: %w", err)
	}
	return nil
}
