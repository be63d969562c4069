package httpapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"

	"twoline/adapters/httpapi/signature"
)

// File is what a Download answers.
type File struct {
	// Name is what the receiver's program may store it under.
	Name        string
	ContentType string
	// Size in bytes and Digest are known before the first byte is sent.
	Size   int64
	Digest [sha256.Size]byte
	// Write sends the bytes. It runs after the handler, under a context of its
	// own; an error cuts the connection, so that no receiver takes a part for the
	// whole.
	Write func(ctx context.Context, w io.Writer) error
}

type download struct {
	Body func(huma.Context)
}

// Download registers a GET that answers a file with its Repr-Digest (RFC 9530).
func Download[In any](s *Server, r Route, run func(context.Context, Call, *In) (File, error)) {
	document := func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{
			Description: "The file's bytes",
			Headers: map[string]*huma.Param{"Repr-Digest": {
				Description: "sha-256 of the bytes (RFC 9530)", Schema: &huma.Schema{Type: huma.TypeString},
			}},
			Content: fileContent(r.Files),
		}
	}
	register(s, r, kindDownload, document, func(ctx context.Context, c Call, in *In) (*download, error) {
		f, err := run(ctx, c, in)
		if err != nil {
			return nil, err
		}
		return &download{Body: func(h huma.Context) { s.sendFile(ctx, h, f) }}, nil
	})
}

// fileContent describes the bytes of a Download by their types.
func fileContent(types []string) map[string]*huma.MediaType {
	if len(types) == 0 {
		return binaryBody().Content
	}
	all := map[string]*huma.MediaType{}
	for _, kind := range types {
		schema := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		if kind == "application/json" {
			schema = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
		}
		all[kind] = &huma.MediaType{Schema: schema}
	}
	return all
}

// sendFile streams a file in bounded memory.
func (s *Server) sendFile(ctx context.Context, h huma.Context, f File) {
	request, ok := h.(*fiberContext)
	if !ok {
		panic("the download stands outside of its adapter")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.WriteTimeout)
	read, write := io.Pipe()
	go func() {
		defer cancel()
		// Nobody is left to be told here: a closed pipe cuts the connection.
		_ = write.CloseWithError(s.writeFile(ctx, f, write))
	}()
	h.SetStatus(http.StatusOK)
	h.SetHeader("Content-Type", f.ContentType)
	h.SetHeader("Repr-Digest", signature.ContentDigest(f.Digest))
	h.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	request.fiber.Context().SetBodyStream(read, int(f.Size))
}

// writeFile outlives its handler, so a panic here would end the process.
func (s *Server) writeFile(ctx context.Context, f File, to io.Writer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while sending a file: %v", p)
			s.deps.Log.LogAttrs(ctx, slog.LevelError, "download panicked", slog.String("request_id", requestIDOf(ctx)),
				slog.Any("error", err), slog.String("stack", string(debug.Stack())))
		}
	}()
	if err = f.Write(ctx, to); err != nil {
		s.deps.Log.LogAttrs(ctx, slog.LevelError, "download broke off", slog.String("request_id", requestIDOf(ctx)),
			slog.Any("error", err))
	}
	return err
}
