package httpapi_test

import (
	"encoding/json"
	"fmt"
	"go/ast"    //nolint:depguard // the standard library's parser
	"go/parser" //nolint:depguard // the standard library's parser
	"go/token"  //nolint:depguard // the standard library's parser
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"twoline/adapters/httpapi"
	"twoline/gateway/approval"
)

// Every route refuses every caller that it does not name: each duty in each
// organisation, a bank, and nobody at all.
func TestS04_EveryRouteTimesEveryCaller(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	duties := []approval.Duty{
		approval.Maker, approval.Checker, approval.Releaser, approval.Viewer, approval.SystemAdmin,
		approval.SecurityAdmin,
	}
	organisations := []approval.Organisation{
		approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Township, approval.Village,
		approval.Auditor, approval.System,
	}
	type caller struct {
		name, token, bank string
		duty              approval.Duty
		in                approval.Organisation
	}
	callers := []caller{{name: "nobody"}, {name: "a bank", bank: "rcu-1"}}
	for _, o := range organisations {
		for _, d := range duties {
			// One login a pair: tokens are made in the database, without 42 password checks.
			login := strings.ReplaceAll(string(o)+"."+string(d), "_", "-")
			callers = append(callers, caller{name: login, token: h.session(login, o, d), duty: d, in: o})
		}
	}
	refusals := 0
	for _, r := range h.server.Table() {
		for _, c := range callers {
			named := r.Anyone || (c.bank != "" && r.Banks) || (c.token != "" && (r.Any || r.Allows(c.duty, c.in)))
			if named {
				continue
			}
			refusals++
			q := request{method: r.Method, path: example(r.Path), token: c.token, bank: c.bank, upload: r.Upload}
			if r.Keyed {
				q.key = "key-00001"
			}
			want := 403
			if c.name == "nobody" {
				want = 401
			}
			if res := h.do(q); res.status != want {
				t.Errorf("%s %s as %s: got %d %s, want %d", r.Method, r.Path, c.name, res.status, res.code(), want)
			}
		}
	}
	if refusals < 100 {
		t.Errorf("only %d refusals were asked for", refusals)
	}
	// The test sees a caller that is named, too.
	h.expect(request{
		method: "POST", path: "/v1/test-moves", body: goodBody, key: "key-00001",
		token: callers[slices.IndexFunc(callers, func(c caller) bool {
			return c.in == approval.FinanceBureau && c.duty == approval.Maker
		})].token,
	}, 200, "")
}

func example(path string) string {
	for strings.Contains(path, "{") {
		i, j := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		path = path[:i] + "1" + path[j+1:]
	}
	return path
}

// A route that does not say who may call it cannot be registered.
func TestS04_DefaultDeny(t *testing.T) {
	t.Parallel()
	tests := map[string]httpapi.Route{
		"nobody":             {Method: "GET", Path: "/v1/x", Summary: "x"},
		"no summary":         {Method: "GET", Path: "/v1/x", Who: httpapi.Banks()},
		"a GET that changes": {Method: "POST", Path: "/v1/x", Summary: "x", Who: httpapi.Banks()},
		"twice":              {Method: "GET", Path: "/healthz", Summary: "x", Who: httpapi.Banks()},
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("the route was taken")
				}
			}()
			open(t, setup{routes: func(_ *house, s *httpapi.Server) { httpapi.Query(s, r, echo) }})
		})
	}
}

// What the routers serve and what the document says are the same.
func TestS22_NoUndocumentedRoute(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	if missing := h.undocumented(); len(missing) > 0 {
		t.Errorf("not in the OpenAPI document: %v", missing)
	}
	hidden := open(t, setup{routes: func(_ *house, s *httpapi.Server) { s.AddHidden("/v1/hidden") }})
	if missing := hidden.undocumented(); !slices.Equal(missing, []string{"GET /v1/hidden", "HEAD /v1/hidden"}) {
		t.Errorf("a hidden route was not found: %v", missing)
	}
}

func (h *house) undocumented() []string {
	h.tb.Helper()
	var doc struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]map[string]json.RawMessage
	}
	res := h.expect(request{method: "GET", path: "/openapi.json"}, 200, "")
	if err := json.Unmarshal([]byte(res.body), &doc); err != nil {
		h.tb.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Servers) != 2 || doc.Servers[1].URL != h.upload {
		h.tb.Errorf("document %s with servers %v", doc.OpenAPI, doc.Servers)
	}
	documented := map[string]bool{}
	for path, item := range doc.Paths {
		for method := range item {
			if slices.Contains([]string{"get", "put", "post", "patch", "delete", "head", "options"}, method) {
				documented[strings.ToUpper(method)+" "+httpapi.FiberPath(path)] = true
			}
		}
	}
	var missing []string
	for _, route := range h.server.Routed() {
		if !documented[route] {
			missing = append(missing, route)
		}
		delete(documented, route)
	}
	for route := range documented {
		h.tb.Errorf("documented, but not served: %s", route)
	}
	return missing
}

// The document describes a command as it is.
func TestOpenAPIDescribesCommands(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name     string
				In       string
				Required bool
			}
			Responses map[string]struct {
				Headers map[string]any
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
			Security []map[string][]string
			Servers  []struct{ URL string }
		}
		Components struct{ Schemas map[string]any }
		Catalogue  []httpapi.Explained `json:"x-error-catalogue"`
	}
	res := h.expect(request{method: "GET", path: "/openapi.json"}, 200, "")
	if err := json.Unmarshal([]byte(res.body), &doc); err != nil {
		t.Fatal(err)
	}
	op := doc.Paths["/v1/test-words"]["post"]
	if len(op.Parameters) != 1 || op.Parameters[0].Name != "Idempotency-Key" || !op.Parameters[0].Required {
		t.Errorf("parameters %v", op.Parameters)
	}
	created := op.Responses["201"]
	if created.Content["application/json"].Schema.Ref != "#/components/schemas/Word" ||
		created.Headers["Idempotent-Replayed"] == nil {
		t.Errorf("201 is %v", created)
	}
	if op.Responses["default"].Content["application/problem+json"].Schema.Ref != "#/components/schemas/Problem" {
		t.Errorf("default is %v", op.Responses["default"])
	}
	if fmt.Sprint(op.Security) != "[map[bank:[]]]" {
		t.Errorf("security %v", op.Security)
	}
	up := doc.Paths["/v1/test-words/{id}/file"]["put"]
	if len(up.Servers) != 1 || up.Servers[0].URL != h.upload || len(up.Parameters) != 3 {
		t.Errorf("upload: %v %v", up.Servers, up.Parameters)
	}
	if len(doc.Catalogue) < 50 {
		t.Errorf("the document explains %d codes", len(doc.Catalogue))
	}
}

// Every code that the service can answer is explained, once, in order, and nothing else is.
func TestEveryFaultCodeIsExplained(t *testing.T) {
	t.Parallel()
	explained := map[string]bool{}
	last := ""
	for _, e := range httpapi.Catalogue() {
		if e.Code <= last {
			t.Errorf("%s stands after %s", e.Code, last)
		}
		last = e.Code
		if e.When == "" || e.Do == "" {
			t.Errorf("%s is not explained", e.Code)
		}
		explained[e.Code] = true
	}
	used := map[string]string{}
	for _, top := range []string{"gateway", "reconcile", "adapters"} {
		maps.Copy(used, faultCodes(t, os.DirFS("../../"+top)))
	}
	if len(used) < 50 {
		t.Fatalf("only %d codes were found", len(used))
	}
	for code, where := range used {
		if !explained[code] {
			t.Errorf("%s (%s) is not in catalogue.go", code, where)
		}
		delete(explained, code)
	}
	for code := range explained {
		t.Errorf("%s is explained and never used", code)
	}
}

// faultCodes finds the codes of fault.New and fault.Newf in all but tests. A
// code that is a constant is found by its value in the same package.
func faultCodes(t *testing.T, root fs.FS) map[string]string {
	t.Helper()
	codes := map[string]string{}
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, b, parser.SkipObjectResolution)
		if err != nil {
			// Somebody is in the middle of a sentence; the compiler will say so.
			return nil //nolint:nilerr // said above
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if code, ok := codeOf(n); ok {
				codes[code] = path
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func codeOf(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return "", false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || (sel.Sel.Name != "New" && sel.Sel.Name != "Newf") {
		return "", false
	}
	if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "fault" {
		return "", false
	}
	lit, ok := call.Args[1].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	code, err := strconv.Unquote(lit.Value)
	return code, err == nil
}
