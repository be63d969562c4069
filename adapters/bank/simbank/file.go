package simbank

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/jsonl"
	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// maxRow bounds a row of a cooperative's file in bytes.
const maxRow = 4 << 10

// readFile reads the batch's file into items, and proves its digest. A broken
// connection begins again; a broken file is a contradiction.
func (b *Bank) readFile(ctx context.Context, address, digest string, x *batch) error {
	return b.client.fetch(ctx, address, digest, func(r *bufio.Reader) error {
		x.Items = x.Items[:0]
		if b.forms != nil {
			return b.readForm(ctx, r, x)
		}
		if isLines(r) {
			return jsonl.Read(ctx, r, func(record bank.Record) error {
				i, ok := record.(bank.BatchItem)
				if !ok {
					return nil
				}
				amount, ok := i.Amount.Amount()
				if !ok {
					return contradicts("item %d is not in yuan with two decimals", i.Index+1)
				}
				return x.add(item{
					ID: i.ItemID, Amount: amount, Account: i.Account, Name: i.Name, IDNumber: i.IDNumber,
					SocialNo: i.SocialNo, Mandate: i.Mandate, Region: i.Region,
				})
			})
		}
		return eachRow(b.codec, r, 7, func(f []string) error {
			amount, err := money.Parse(f[3])
			if err != nil || f[4] != x.No {
				return contradicts("row %d has a bad amount or another batch number", len(x.Items)+1)
			}
			return x.add(item{
				SocialNo: f[0], Name: f[1], IDNumber: f[2], Amount: amount, Account: f[5], Region: f[6],
			})
		})
	})
}

// isLines tells canonical JSON Lines from a cooperative's rows.
func isLines(r *bufio.Reader) bool {
	first, err := r.Peek(1)
	return err == nil && first[0] == '{'
}

// fetch reads a file of the gateway while it arrives. What read gave out
// counts only if fetch returns nil.
func (c *client) fetch(ctx context.Context, address, digest string, read func(*bufio.Reader) error) error {
	var verdict error
	err := c.try(ctx, request{method: http.MethodGet, url: address}, func(response *http.Response) error {
		body := &watched{from: response.Body, sum: sha256.New()}
		verdict = read(bufio.NewReaderSize(body, 64<<10))
		if verdict == nil {
			_, verdict = io.Copy(io.Discard, body)
		}
		if body.broken != nil {
			return body.broken
		}
		if verdict == nil && digest != "" && !strings.EqualFold(digest, hex.EncodeToString(body.sum.Sum(nil))) {
			verdict = contradicts("the file is not the one that the digest names")
		}
		return nil
	})
	if err != nil || verdict == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if _, ok := errors.AsType[*contradiction](verdict); ok {
		return verdict
	}
	return contradicts("%v", verdict)
}

// watched digests what is read and remembers a broken connection.
type watched struct {
	from   io.Reader
	sum    hash.Hash
	broken error
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	w.sum.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		w.broken = err
	}
	return n, err
}

// eachRow reads a cooperative's file: a bar between fields, one record
// a line, no header.
func eachRow(codec *gb18030.Codec, r io.Reader, fields int, each func([]string) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxRow)
	var parts [][]byte
	var text []byte
	for row := 1; scanner.Scan(); row++ {
		line := bytes.TrimSuffix(scanner.Bytes(), []byte{'\r'})
		parts = codec.Split(parts[:0], line, '|')
		if len(parts) != fields {
			return contradicts("row %d has %d fields instead of %d", row, len(parts), fields)
		}
		out := make([]string, fields)
		for i, p := range parts {
			var err error
			if text, err = codec.Decode(text[:0], p); err != nil {
				return contradicts("row %d: %v", row, err)
			}
			out[i] = string(text)
		}
		if err := each(out); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	return nil
}

// rows writes a cooperative's file.
type rows struct {
	codec *gb18030.Codec
	text  []byte
}

func (w *rows) add(fields ...string) error {
	text, err := w.codec.Encode(w.text, strings.Join(fields, "|")+"\n")
	if err != nil {
		return err
	}
	w.text = text
	return nil
}
