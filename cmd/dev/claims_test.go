package main

import (
	"fmt"
	"go/ast"    //nolint:depguard // the standard library's parser
	"go/parser" //nolint:depguard // the standard library's parser
	"go/token"  //nolint:depguard // the standard library's parser
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// claims are the faults (F) and the security requirements (S) that the product
// says it meets. Each of them is proved by a test that carries its id.
func claims() []string {
	return strings.Fields(`
		F-01 F-02 F-03 F-10 F-11 F-13 F-20 F-21
		F-04 F-05 F-09 F-12 F-14 F-16 F-17 F-19 F-22 F-23 F-24 F-25 F-26 F-27 F-28 F-31 F-32 F-36 F-37 F-38
		F-44 F-45 F-46 F-48 F-51 F-53 F-55 F-56 F-57 F-58 F-67 F-71 F-72 F-73 F-74 F-75 F-76 F-77 F-82 F-83 F-84 F-87
		F-88 F-89 F-90 F-91 F-94 F-95 F-96 F-99 F-100 F-101 F-102 F-103 F-106 F-107 F-108 F-109 F-112 F-113 F-116
		F-117 F-118 F-119 F-120 F-121 F-122
		F-29 F-30 F-33 F-34 F-35 F-39 F-40 F-41 F-43 F-47 F-49 F-59 F-60 F-61 F-62 F-63 F-64 F-78 F-79
		F-18 F-42 F-52 F-54 F-110 F-111
		S-05 S-06 S-07 S-08 S-10 S-11 S-12 S-14 S-15 S-16 S-17 S-18 S-19 S-20 S-22 S-54 S-55`)
}

// TestEveryFaultHasATest prints which tests prove what, with -v:
//
//	go test ./cmd/dev -run TestEveryFaultHasATest -v
//
// A test carries an id in its name, as TestF23_… or TestF95S12_…, or in the
// literal with which its subtest begins, as "F-23 the same file again".
func TestEveryFaultHasATest(t *testing.T) {
	t.Parallel()
	proofs := map[string][]string{}
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, p := range proofsOf(t, path.Dir(name), file) {
			proofs[p.id] = append(proofs[p.id], p.test)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, id := range claims() {
		if len(proofs[id]) == 0 {
			t.Errorf("%s has no test", id)
		}
		for _, test := range proofs[id] {
			fmt.Fprintf(&table, "%-6s %s\n", id, test)
		}
		delete(proofs, id)
	}
	also := slices.Sorted(maps.Keys(proofs))
	t.Logf("%d claims\n%snamed by tests and not claimed here: %s", len(claims()), &table, strings.Join(also, " "))
}

type proved struct{ id, test string }

// proofsOf finds the ids that the tests of a file carry.
func proofsOf(t *testing.T, dir string, file *ast.File) []proved {
	t.Helper()
	inName := regexp.MustCompile(`^Test((?:[FS][0-9]{2,3})+)(?:_|[A-Z]|$)`)
	inTitle := regexp.MustCompile(`^((?:[FS]-[0-9]{2,3} )+)`)
	almost := regexp.MustCompile(`^(?:Test)?[FS][-_]?[0-9]`)
	one := regexp.MustCompile(`([FS])-?([0-9]{2,3})`)
	var all []proved
	carry := func(ids, test string) {
		for _, m := range one.FindAllStringSubmatch(ids, -1) {
			all = append(all, proved{m[1] + "-" + m[2], dir + " " + test})
		}
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil {
			continue
		}
		name := f.Name.Name
		if m := inName.FindStringSubmatch(name); m != nil {
			carry(m[1], name)
		} else if almost.MatchString(name) {
			t.Errorf("%s %s: write it as TestF23_… or TestS05_…", dir, name)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			title, ok := subtest(n)
			if m := inTitle.FindStringSubmatch(title); ok && m != nil {
				carry(m[1], name+"/"+title)
			} else if ok && almost.MatchString(title) {
				t.Errorf("%s %s/%s: write it as F-23 and a title", dir, name, title)
			}
			return true
		})
	}
	return all
}

// subtest returns the literal that the title of t.Run begins with.
func subtest(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return "", false
	}
	if run, ok := call.Fun.(*ast.SelectorExpr); !ok || run.Sel.Name != "Run" {
		return "", false
	}
	first := call.Args[0]
	for {
		sum, ok := first.(*ast.BinaryExpr)
		if !ok {
			break
		}
		first = sum.X
	}
	literal, ok := first.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	title, err := strconv.Unquote(literal.Value)
	return title, err == nil
}
