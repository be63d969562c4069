// Command writeschema writes the JSON schema of profiles beside their parser.
package main

import (
	"os"

	"twoline/adapters/bank/profile"
)

func main() {
	const everyoneReads = 0o644
	if err := os.WriteFile("profile.schema.json", profile.Schema(), everyoneReads); err != nil {
		panic(err)
	}
}
