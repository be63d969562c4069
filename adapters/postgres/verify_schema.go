package postgres

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// schemaChecks prove that the database still refuses what the migrations made it
// refuse. What must be there is read from the migrations of this program.
func schemaChecks() ([]check, error) {
	w, err := readSchema()
	if err != nil {
		return nil, err
	}
	return []check{
		invariant("append-only", "the triggers and functions that guard the facts are in place",
			probe{table: "pg_trigger", looks: []string{"pg_catalog.pg_trigger"}, sql: triggerSQL, args: w.triggers()},
			probe{
				table: "pg_proc", looks: []string{"pg_catalog.pg_proc"}, sql: functionSQL,
				args: []any{w.functions, w.bodies},
			},
			probe{
				table: "pg_constraint", looks: []string{"pg_catalog.pg_constraint", "pg_catalog.pg_index"},
				sql: constraintSQL, args: []any{w.constraints, w.indexes, w.unique},
			},
		),
		invariant("S-08", "the application may write facts and change nothing that is written once",
			probe{table: "pg_class", looks: []string{"pg_catalog.pg_class"}, sql: privilegeSQL, args: w.privileges()},
			probe{table: "pg_roles", looks: []string{"pg_catalog.pg_class"}, sql: roleSQL},
		),
	}, nil
}

// schema is what the migrations make: the tables of facts, which are written
// once, and of states, whose rows are never removed, with what is granted on them.
type schema struct {
	facts, states []string
	// noInsert and mayDelete are the exceptions; mayUpdate holds "table column".
	noInsert, mayDelete, mayUpdate []string
	// guarded are "table trigger" of triggers that are made by name.
	guarded           []string
	functions, bodies []string
	constraints       []string
	indexes           []string
	unique            []bool
}

func readSchema() (schema, error) {
	var w schema
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return w, fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		b, err := migrations.ReadFile(name)
		if err != nil {
			return w, fmt.Errorf("read migration %s: %w", name, err)
		}
		w.read(string(b))
	}
	if len(w.facts) == 0 || len(w.states) == 0 || len(w.functions) == 0 || len(w.guarded) == 0 {
		return w, fmt.Errorf("the migrations name no tables of facts and states, or no triggers and functions")
	}
	return w, nil
}

func (w *schema) read(sql string) {
	find := func(pattern string) [][]string { return regexp.MustCompile(pattern).FindAllStringSubmatch(sql, -1) }
	words := regexp.MustCompile(`[a-z_][a-z0-9_]*`)
	for _, m := range find(`(?s)facts text\[\] := array\[(.*?)\]`) {
		w.facts = append(w.facts, words.FindAllString(m[1], -1)...)
	}
	for _, m := range find(`(?s)states text\[\] := array\[(.*?)\]`) {
		w.states = append(w.states, words.FindAllString(m[1], -1)...)
	}
	for _, m := range find(`(?s)revoke insert on ([^;]*?) from twoline_app`) {
		w.noInsert = append(w.noInsert, words.FindAllString(m[1], -1)...)
	}
	for _, m := range find(`(?s)grant delete on ([^;]*?) to twoline_app`) {
		w.mayDelete = append(w.mayDelete, words.FindAllString(m[1], -1)...)
	}
	for _, m := range find(`(?s)grant update \(([^)]*)\) on (\w+) to twoline_app`) {
		for _, column := range words.FindAllString(m[1], -1) {
			w.mayUpdate = append(w.mayUpdate, m[2]+" "+column)
		}
	}
	for _, m := range find(`(?s)create (?:constraint )?trigger (\w+)\s+(?:before|after)[^;]*? on (\w+)\s`) {
		w.guarded = append(w.guarded, m[2]+" "+m[1])
	}
	for _, m := range find(`(?s)create (?:or replace )?function (\w+)\(.*?as \$\$(.*?)\$\$`) {
		if at := slices.Index(w.functions, m[1]); at >= 0 {
			w.bodies[at] = m[2]
			continue
		}
		w.functions, w.bodies = append(w.functions, m[1]), append(w.bodies, m[2])
	}
	for _, m := range find(`constraint (\w+) (?:check|unique|foreign|primary)\b`) {
		w.constraints = append(w.constraints, m[1])
	}
	for _, m := range find(`create (unique )?index (\w+) on`) {
		w.indexes, w.unique = append(w.indexes, m[2]), append(w.unique, m[1] != "")
	}
}

// triggers are the columns of what must stand on each table: before a statement
// (2) that updates (16), deletes (8) or truncates (32).
func (w *schema) triggers() []any {
	var tables, names []string
	var types []int16
	add := func(table, name string, kind int16) {
		tables, names, types = append(tables, table), append(names, name), append(types, kind)
	}
	for _, t := range w.facts {
		add(t, "append_only", 2+8+16+32)
	}
	for _, t := range w.states {
		if !slices.Contains(w.mayDelete, t) {
			add(t, "no_removal", 2+8+32)
		}
	}
	for _, g := range w.guarded {
		table, name, _ := strings.Cut(g, " ")
		// Triggers made by name have types of their own.
		add(table, name, 0)
	}
	return []any{tables, names, types}
}

func (w *schema) privileges() []any {
	return []any{append(slices.Clone(w.facts), w.states...), w.noInsert, w.mayDelete, w.mayUpdate}
}

const triggerSQL = `
	select 0, 0, n.tab || ' ' || n.name, case when t.tgname is null then 'is missing'
	       when t.tgenabled not in ('O', 'A') then 'is switched off'
	       else 'does not guard what it was made to guard' end
	  from unnest($2::text[], $3::text[], $4::smallint[]) as n (tab, name, kind)
	  left join pg_class c on c.relnamespace = 'public'::regnamespace and c.relname = n.tab
	  left join pg_trigger t on t.tgrelid = c.oid and t.tgname = n.name and not t.tgisinternal
	 where $1::integer is not null and (t.tgname is null or t.tgenabled not in ('O', 'A')
	    or (n.kind <> 0 and (t.tgtype <> n.kind or t.tgfoid <> 'public.refuse_change'::regproc
	        or t.tgqual is not null)))`

const functionSQL = `
	select 0, 0, n.name, case when p.oid is null then 'is missing' else 'is not the one that the migrations made' end
	  from unnest($2::text[], $3::text[]) as n (name, body)
	  left join pg_proc p on p.pronamespace = 'public'::regnamespace and p.proname = n.name
	 where $1::integer is not null and p.prosrc is distinct from n.body`

const constraintSQL = `
	select 0, 0, n.name, 'is missing'
	  from unnest($2::text[]) as n (name)
	 where $1::integer is not null and not exists (
	       select from pg_constraint c where c.connamespace = 'public'::regnamespace and c.conname = n.name)
	union all
	select 0, 0, n.name, 'is missing'
	  from unnest($3::text[], $4::boolean[]) as n (name, only_one)
	 where not exists (
	       select from pg_class c join pg_index i on i.indexrelid = c.oid
	        where c.relnamespace = 'public'::regnamespace and c.relname = n.name and i.indisunique = n.only_one)
	union all
	select 0, 0, c.conname, 'was never proved on the rows that are there'
	  from pg_constraint c where c.connamespace = 'public'::regnamespace and not c.convalidated
	union all
	select 0, 0, c.relname, 'is not valid'
	  from pg_index i join pg_class c on c.oid = i.indexrelid
	 where c.relnamespace = 'public'::regnamespace and not (i.indisvalid and i.indisready)`

// Facts are inserted and read. A table that the migrations put into neither list
// is refused: nobody said what may be done to it.
const privilegeSQL = `
	with tabs as (
		select c.oid, c.relname as name, pg_get_userbyid(c.relowner) as owner from pg_class c
		 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
		   and c.relname not like 'goose%' and $1::integer is not null),
	may as (
		select t.*, p.privilege, has_table_privilege('twoline_app', t.oid, p.privilege) as has, case p.privilege
		       when 'SELECT' then t.name = any($2)
		       when 'INSERT' then t.name = any($2) and t.name <> all($3)
		       when 'DELETE' then t.name = any($4) else false end as must
		  from tabs t
		 cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
		       as p (privilege)),
	columns as (
		select t.name, a.attname::text as col, has_column_privilege('twoline_app', t.oid, a.attnum, 'UPDATE') as has,
		       t.name || ' ' || a.attname = any($5) as must
		  from tabs t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped)
	select 0, 0, name::text, 'twoline_app ' || case when has then 'may ' else 'may not ' end || lower(privilege)
	  from may where has <> must
	union all
	select 0, 0, name || '.' || col, 'twoline_app ' || case when has then 'may ' else 'may not ' end || 'update'
	  from columns where has <> must
	union all
	select 0, 0, name::text, 'belongs to the application''s own role' from tabs where pg_has_role('twoline_app',
	    owner, 'member')
	union all
	select 0, 0, n.name, 'is missing' from unnest($2::text[]) as n (name) where n.name not in (select name from tabs)`

const roleSQL = `
	select 0, 0, r.rolname::text, 'may do more than the application''s role: '
	       || concat_ws(', ', case when rolsuper then 'superuser' end, case when rolcreaterole then 'create roles' end,
	            case when rolcreatedb then 'create databases' end, case when rolbypassrls
	                then 'bypass row security' end,
	            case when rolreplication then 'replicate' end,
	            case when has_schema_privilege(r.oid, 'public', 'CREATE') then 'create tables' end)
	  from pg_roles r
	 where $1::integer is not null and (r.rolname = 'twoline_app' or r.oid in (
	       select m.member from pg_auth_members m join pg_roles a on a.oid = m.roleid where a.rolname = 'twoline_app'))
	   and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication
	        or has_schema_privilege(r.oid, 'public', 'CREATE'))`
