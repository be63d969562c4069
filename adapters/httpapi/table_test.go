package httpapi_test

import (
	"encoding/json"
	"fmt"
	"go/ast"    //nolint:depguard // the standard library's parser
	"go/parser" //nolint:depguard // the standard library's parser
	"go/token"  //nolint:depguard // the standard library's parser
	"io/fs"
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
	open(t, setup{routes: func(_ *house, s *httpapi.Server) {
		for name, r := range tests {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: the route was taken", name)
					}
				}()
				httpapi.Query(s, r, echo)
			}()
		}
	}})
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

// Every code that the service can answer, or that stands in a receipt or a line,
// is explained, once, in order, with its status, and nothing else is.
func TestEveryFaultCodeIsExplained(t *testing.T) {
	t.Parallel()
	explained := map[string]httpapi.Explained{}
	last := ""
	for _, e := range httpapi.Catalogue() {
		if e.Code <= last {
			t.Errorf("%s stands after %s", e.Code, last)
		}
		last = e.Code
		if e.When == "" || e.Do == "" {
			t.Errorf("%s is not explained", e.Code)
		}
		explained[e.Code] = e
	}
	used := map[string]usedCode{}
	for _, top := range []string{"gateway", "reconcile", "adapters"} {
		faultCodes(t, "../../"+top, used)
	}
	if len(used) < 50 {
		t.Fatalf("only %d codes were found", len(used))
	}
	for code, u := range used {
		e, ok := explained[code]
		if !ok {
			t.Errorf("%s (%s) is not in catalogue.go", code, u.where)
			continue
		}
		u.check(t, e)
		delete(explained, code)
	}
	for code := range explained {
		t.Errorf("%s is explained and never used", code)
	}
}

// usedCode is where a code is made, and the kinds of fault that it is made with;
// a code of a line has none.
type usedCode struct {
	where string
	kinds []string
}

// check compares the status that is explained with the kind of the fault.
func (u usedCode) check(t *testing.T, e httpapi.Explained) {
	t.Helper()
	want := map[string]int{
		"Invalid": 400, "Unauthenticated": 401, "Forbidden": 403, "NotFound": 404, "Conflict": 409, "TooLarge": 413,
		"Unprocessable": 422, "TooMany": 429, "Unavailable": 503,
	}
	// HTTP gives these a status of their own.
	protocol := map[string]int{
		"internal": 500, "no_such_route": 404, "method_not_allowed": 405, "request_timeout": 408,
		"content_encoding_refused": 415, "content_type_refused": 415, "headers_too_large": 431,
	}
	if status, ok := protocol[e.Code]; ok {
		if e.Status != status {
			t.Errorf("%s is answered with %d, explained with %d", e.Code, status, e.Status)
		}
		return
	}
	if internal := slices.Equal(u.kinds, []string{"Internal"}); internal != (e.Where == "log") {
		t.Errorf("%s is of kind %v, explained for %s", e.Code, u.kinds, e.Where)
	}
	if e.Status != 0 && !slices.ContainsFunc(u.kinds, func(kind string) bool { return want[kind] == e.Status }) {
		t.Errorf("%s is of kind %v, explained with %d", e.Code, u.kinds, e.Status)
	}
}

// faultCodes finds the codes of fault.New and fault.Newf in all but tests, and
// those that a function returns as a code by itself.
func faultCodes(t *testing.T, top string, codes map[string]usedCode) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(top), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" {
			return fs.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(top, path, "*.go"))
		if err != nil {
			return err
		}
		p := goPackage{constants: map[string]string{}, codes: codes}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			// A file in the middle of a sentence is left out: the compiler will say so.
			if file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution); err == nil {
				p.files, p.names = append(p.files, file), append(p.names, name)
			}
		}
		p.collect()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

type goPackage struct {
	names     []string
	files     []*ast.File
	constants map[string]string
	codes     map[string]usedCode
}

func (p *goPackage) collect() {
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			if c, ok := n.(*ast.ValueSpec); ok && len(c.Names) == len(c.Values) {
				for i, name := range c.Names {
					if text, ok := literal(c.Values[i]); ok {
						p.constants[name.Name] = text
					}
				}
			}
			return true
		})
	}
	for i, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				p.call(p.names[i], n)
			case *ast.FuncDecl:
				p.function(p.names[i], n)
			case *ast.AssignStmt:
				p.assigned(p.names[i], n)
			case *ast.ReturnStmt:
				p.returned(p.names[i], n)
			}
			return true
		})
	}
}

// call takes fault.New(fault.Kind, "code", …) and a line's Refuse("code", "reason").
func (p *goPackage) call(where string, call *ast.CallExpr) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) < 2 {
		return
	}
	pkg, _ := sel.X.(*ast.Ident)
	switch {
	case pkg != nil && pkg.Name == "fault" && (sel.Sel.Name == "New" || sel.Sel.Name == "Newf"):
		if kind, ok := call.Args[0].(*ast.SelectorExpr); ok {
			p.use(where, call.Args[1], kind.Sel.Name)
		}
	case sel.Sel.Name == "Refuse" && ofFlows(where):
		p.use(where, call.Args[0], "")
	}
}

// ofFlows says that a file decides about lines; a bank's own codes, which a
// simulated bank knows, are none of ours.
func ofFlows(where string) bool { return strings.HasPrefix(where, "../../gateway/") }

// assigned takes a code that is put into a line's Refusal.
func (p *goPackage) assigned(where string, a *ast.AssignStmt) {
	for i, to := range a.Lhs {
		if sel, ok := to.(*ast.SelectorExpr); ok && sel.Sel.Name == "Refusal" && len(a.Lhs) == len(a.Rhs) && ofFlows(where) {
			p.use(where, a.Rhs[i], "")
		}
	}
}

// returned takes the code that stands after the verdict Refused.
func (p *goPackage) returned(where string, r *ast.ReturnStmt) {
	for i := range len(r.Results) - 1 {
		if sel, ok := r.Results[i].(*ast.SelectorExpr); ok && sel.Sel.Name == "Refused" && ofFlows(where) {
			p.use(where, r.Results[i+1], "")
		}
	}
}

// function takes what is returned by a function as the result that is named code,
// or whose own name says that it makes one.
func (p *goPackage) function(where string, f *ast.FuncDecl) {
	if f.Type.Results == nil || f.Body == nil || !ofFlows(where) {
		return
	}
	at := -1
	if strings.HasSuffix(strings.ToLower(f.Name.Name), "refusalcode") {
		at = 0
	}
	n := 0
	for _, field := range f.Type.Results.List {
		for _, name := range field.Names {
			if name.Name == "code" || name.Name == "refusal" {
				at = n
			}
			n++
		}
	}
	if at < 0 {
		return
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > at {
			p.use(where, r.Results[at], "")
		}
		return true
	})
}

func (p *goPackage) use(where string, expression ast.Expr, kind string) {
	code, ok := literal(expression)
	if name, isName := expression.(*ast.Ident); isName {
		code, ok = p.constants[name.Name]
	}
	if !ok || code == "" {
		return
	}
	u := p.codes[code]
	u.where = where
	if kind != "" {
		u.kinds = append(u.kinds, kind)
	}
	p.codes[code] = u
}

func literal(expression ast.Expr) (string, bool) {
	lit, ok := expression.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
