package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// printJSON writes a report for scripts.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}
