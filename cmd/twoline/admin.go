package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alexedwards/argon2id"

	"twoline/adapters/httpapi/signature"
	"twoline/adapters/postgres"
	"twoline/gateway/approval"
	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/party"
)

// adminCommand makes what a fresh system lacks. There is no default account.
type adminCommand struct {
	CreateUser createUserCommand `cmd:"" help:"Make an officer's login; the password is read from standard input."`
	BankKey    bankKeyCommand    `cmd:"" help:"Register a bank's public key or shared secret, or end one."`
	ProofKey   proofKeyCommand   `cmd:"" name:"proof-key" help:"Make the key pair by which cycle proofs are signed and checked."`
}

type createUserCommand struct {
	Login            string   `arg:"" help:"2 to 64 characters: a-z, 0-9, dot, hyphen, underscore."`
	Name             string   `help:"The person's name." required:"" xor:"who"`
	Person           int64    `help:"Id of the person, for a second login of the same person." xor:"who"`
	Namesake         bool     `help:"The new person is another one than the known person of the same name."`
	Organisation     string   `required:"" enum:"agency_business,agency_finance,finance_bureau,township,village,auditor,system"`
	OrganisationName string   `required:"" help:"The organisation's name."`
	Area             string   `help:"Six digits; needed except for system."`
	Region           string   `help:"Twelve digits, for township and village."`
	Duty             []string `required:"" help:"maker, checker, releaser, viewer, system_admin or security_admin; may be repeated."`
}

var errAdmin = fault.New(fault.Invalid, "admin", "the command cannot be carried out")

// Run makes the login.
func (cmd *createUserCommand) Run(a *app) error {
	o := approval.NewOfficer{ //nolint:exhaustruct // filled below
		Login: cmd.Login, Person: cmd.Person, PersonName: cmd.Name, Namesake: cmd.Namesake, Organisation: approval.Organisation(cmd.Organisation),
		OrganisationName: cmd.OrganisationName,
	}
	for _, d := range cmd.Duty {
		o.Duties = append(o.Duties, approval.Duty(d))
	}
	var err error
	if o.Organisation != approval.System || cmd.Area != "" {
		if o.Area, err = party.ParseArea(cmd.Area); err != nil {
			return errAdmin.With("--area: %v", err)
		}
	}
	if cmd.Region != "" {
		if o.Region, err = party.ParseRegion(cmd.Region); err != nil {
			return errAdmin.With("--region: %v", err)
		}
	}
	if local := o.Organisation == approval.Township || o.Organisation == approval.Village; local != (o.Region != 0) {
		return errAdmin.With("--region names the place of a township or village officer, and of nobody else")
	}
	line, err := bufio.NewReader(a.std.in).ReadString('\n')
	password := strings.TrimRight(line, "\r\n")
	if len([]rune(password)) < 12 {
		return hinted{
			errAdmin.With("the password has fewer than 12 characters"),
			"type it on standard input, for example: twoline admin create-user … < password.txt",
		}
	}
	if err != nil && password == "" {
		return fmt.Errorf("read password: %w", err)
	}
	if o.PasswordHash, err = argon2id.CreateHash(password, argon2id.DefaultParams); err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	return withDB(a, func(db *postgres.DB) error {
		person, err := db.Callers().AddOfficer(a.ctx, o, byCommand("admin create-user"))
		if errors.Is(err, approval.ErrKnownPerson) {
			return hinted{err, "leave --name out and give --person with that number; or add --namesake if it is another person"}
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.std.out, "login %s made for person %d\n", o.Login, person)
		return err
	})
}

type bankKeyCommand struct {
	Bank   string `required:"" help:"The bank's code in the registry."`
	KeyID  string `required:"" name:"key-id" help:"1 to 64 characters; the keyid of its signatures."`
	File   string `name:"file" help:"Its public key (PEM) or shared secret (one base64 line)." xor:"do"`
	NewHex bool   `name:"new-secret" help:"Make an hmac secret, register it and print it once." xor:"do"`
	Revoke bool   `help:"End the key at once." xor:"do"`
}

// Run registers or ends a key.
func (cmd *bankKeyCommand) Run(a *app) error {
	return withDB(a, func(db *postgres.DB) error {
		by := byCommand("admin bank-key")
		if cmd.Revoke {
			return db.Callers().RevokeBankKey(a.ctx, cmd.KeyID, by)
		}
		key, secret, err := cmd.material()
		if err != nil {
			return err
		}
		err = db.Callers().AddBankKey(a.ctx, bank.Key{ //nolint:exhaustruct // not revoked
			ID: cmd.KeyID, Bank: cmd.Bank, Algorithm: key.Algorithm(), Material: key.Verifier(), NotBefore: wallClocks().now(),
		}, by)
		if err != nil {
			return err
		}
		if secret != "" {
			_, err = fmt.Fprintln(a.std.out, secret)
			return err
		}
		_, err = fmt.Fprintf(a.std.out, "key %s of %s registered\n", cmd.KeyID, cmd.Bank)
		return err
	})
}

func (cmd *bankKeyCommand) material() (signature.Key, string, error) {
	if cmd.NewHex {
		secret, err := signature.NewSecret(rand.Reader)
		if err != nil {
			return signature.Key{}, "", fmt.Errorf("make secret: %w", err)
		}
		key, err := signature.ParseKeyFile(cmd.KeyID, secret)
		return key, strings.TrimSpace(string(secret)), err
	}
	if cmd.File == "" {
		return signature.Key{}, "", errAdmin.With("name --file, --new-secret or --revoke")
	}
	b, err := os.ReadFile(cmd.File)
	if err != nil {
		return signature.Key{}, "", errAdmin.With("--file: %v", err)
	}
	key, err := signature.ParseKeyFile(cmd.KeyID, b)
	return key, "", err
}

// withDB opens the database of the configuration for one command.
func withDB(a *app, fn func(*postgres.DB) error) error {
	c, err := readConfig(a.getenv)
	if err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return err
	}
	db, err := postgres.Open(a.ctx, postgres.Options{URL: c.DatabaseURL, Connections: 4, Now: wallClocks().now})
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(db)
}

// byCommand is the audit row of somebody at the machine's command line.
func byCommand(action string) audit.Row {
	return audit.Row{ //nolint:exhaustruct // storage fills the rest
		Actor: "command:" + os.Getenv("USER"), Action: action, RequestID: base64.RawURLEncoding.EncodeToString(randomBytes(9)),
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return b
}
