package signature

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// ContentDigest writes a sha-256 as the value of a Content-Digest field.
func ContentDigest(sum [sha256.Size]byte) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// DigestOK compares the sha-256 of a body's raw bytes with the value of its
// Content-Digest field. It stands apart from Verify so that an upload can be
// admitted on its signature and compared when its last byte has arrived. The
// error is ErrDigest, or ErrMalformed or ErrDuplicate for a field that names
// no single sha-256.
func DigestOK(header string, sum [sha256.Size]byte) error {
	want, err := sha256Of(header)
	if err != nil {
		return err
	}
	if want != sum {
		return ErrDigest
	}
	return nil
}

// DigestFile reads a file from where it stands to its end, returns the value
// for Content-Digest and the number of bytes, and puts the file back. A client
// sets both on the request before the second pass sends it; Transport then
// signs without reading the body.
func DigestFile(file io.ReadSeeker) (header string, size int64, err error) {
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", 0, fmt.Errorf("find the place in the file to digest: %w", err)
	}
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	if err != nil {
		return "", 0, fmt.Errorf("digest the file: %w", err)
	}
	if _, err := file.Seek(start, io.SeekStart); err != nil {
		return "", 0, fmt.Errorf("return to the start of the digested file: %w", err)
	}
	return ContentDigest([sha256.Size]byte(hash.Sum(nil))), size, nil
}

// sha256Of finds the sha-256 in a Content-Digest value. Other algorithms
// beside it are allowed and ignored.
func sha256Of(header string) (sum [sha256.Size]byte, err error) {
	value, err := joinLines([]string{header})
	if err != nil {
		return sum, err
	}
	dictionary, err := parseDictionary(value)
	if err != nil {
		return sum, err
	}
	digest, ok := dictionary["sha-256"].bytes()
	if !ok || len(digest) != sha256.Size {
		return sum, ErrMalformed.With("Content-Digest names no sha-256")
	}
	return [sha256.Size]byte(digest), nil
}
