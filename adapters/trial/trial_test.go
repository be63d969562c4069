package trial_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"twoline/adapters/trial"
)

// childVariable makes the test binary serve instead of testing.
const childVariable = "TWOLINE_TRIAL_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serve starts both servers, tells where they are, and stops them when its
// input ends. A test that kills it never lets it come so far.
func serve() error {
	ctx := context.Background()
	postgres, err := trial.StartPostgres(ctx, trial.PostgresOptions{Durable: false})
	if err != nil {
		return err
	}
	redisServer, err := trial.StartRedis(ctx)
	if err != nil {
		return errors.Join(err, postgres.Stop())
	}
	fmt.Println(os.Getuid(), postgres.PID(), redisServer.PID(), postgres.Folder(), redisServer.Folder(), postgres.URL())
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, postgres.Stop(), redisServer.Stop())
}

// child is a running serve.
type child struct {
	cmd   *exec.Cmd
	input io.Closer

	uid, postgres, redis        int
	postgresFolder, redisFolder string
	url                         string
}

func startChild(t *testing.T, as *syscall.Credential) *child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if as != nil {
		program = publicCopy(t, program)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, input: input}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("read the child's line: %v", err)
	}
	_, err = fmt.Sscan(line, &c.uid, &c.postgres, &c.redis, &c.postgresFolder, &c.redisFolder, &c.url)
	if err != nil {
		t.Fatalf("understand the child's line %q: %v", line, err)
	}
	return c
}

// publicCopy puts a program where every account can run it: go test builds
// into a folder that only its own account may enter.
func publicCopy(t *testing.T, program string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "twoline-program-*") //nolint:usetesting // T.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	bytes, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "child")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(copied, bytes, 0o755)); err != nil {
		t.Fatal(err)
	}
	return copied
}

func startPostgres(t *testing.T, options trial.PostgresOptions) *trial.Postgres {
	t.Helper()
	server, err := trial.StartPostgres(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func startRedis(t *testing.T) *trial.Redis {
	t.Helper()
	server, err := trial.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func query(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// eventually waits for what another process does in its own time.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-ctx.Done():
			t.Fatalf("still not so after 20 s: %s", what)
		case <-tick.C:
		}
	}
}

func TestPostgresServesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	server := startPostgres(t, trial.PostgresOptions{Durable: false})
	pid, folder := server.PID(), server.Folder()
	conn := connect(t, server.URL())
	if got := query(t, conn, `select current_user || ' ' || current_database()`); got != "postgres postgres" {
		t.Errorf("connected as %q", got)
	}
	if err := errors.Join(server.Stop(), server.Stop()); err != nil {
		t.Errorf("stop twice: %v", err)
	}
	if trial.Alive(pid) || exists(folder) {
		t.Errorf("after Stop: process alive %t, folder there %t", trial.Alive(pid), exists(folder))
	}
	if got := server.PID(); got != 0 {
		t.Errorf("PID after Stop = %d", got)
	}
	if err := server.Restart(t.Context()); !errors.Is(err, trial.ErrStopped) {
		t.Errorf("Restart after Stop = %v", err)
	}
}

func TestPostgresAsksForThePassword(t *testing.T) {
	t.Parallel()
	server := startPostgres(t, trial.PostgresOptions{Durable: false})
	config, err := pgx.ParseConfig(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	config.Password = "guess"
	if conn, err := pgx.ConnectConfig(t.Context(), config); err == nil {
		t.Errorf("a wrong password was let in: %v", conn.Close(t.Context()))
	}
}

func TestPostgresSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		give trial.PostgresOptions
		want string
	}{
		{trial.PostgresOptions{Durable: true}, "on"},
		{trial.PostgresOptions{Durable: false}, "off"},
	} {
		t.Run("promises "+test.want, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, startPostgres(t, test.give).URL())
			want := map[string]string{
				"fsync": test.want, "synchronous_commit": test.want, "full_page_writes": test.want,
				"data_checksums": "on", "shared_buffers": "256MB", "max_connections": "200",
				"max_wal_size": "2GB", "TimeZone": "UTC", "server_encoding": "UTF8", "listen_addresses": "127.0.0.1",
			}
			got := make(map[string]string)
			for name := range want {
				got[name] = query(t, conn, "show "+name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			sorted := query(t, conn, `select string_agg(w, '' order by w) from unnest(array['b', '曲', 'B']) w`)
			if sorted != "Bb曲" {
				t.Errorf("words sort as %s, not by code point", sorted)
			}
		})
	}
}

func TestPostgresCrashKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := startPostgres(t, trial.PostgresOptions{Durable: true})
	conn, url, pid := connect(t, server.URL()), server.URL(), server.PID()
	const rows = 1000
	_, err := conn.Exec(t.Context(), `create table kept as select n from generate_series(1, 1000) n`)
	if err != nil {
		t.Fatal(err)
	}
	open, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open.Exec(t.Context(), `insert into kept values (1001)`); err != nil {
		t.Fatal(err)
	}
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	if trial.Alive(pid) || server.PID() != 0 {
		t.Errorf("after Crash: process alive %t, PID %d", trial.Alive(pid), server.PID())
	}
	if err := open.Commit(t.Context()); err == nil {
		t.Error("a commit after the crash succeeded")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if server.URL() != url {
		t.Errorf("the address changed from %s to %s", url, server.URL())
	}
	again := connect(t, url)
	if got := query(t, again, `select count(*)::text from kept`); got != strconv.Itoa(rows) {
		t.Errorf("%s rows after the crash, want %d", got, rows)
	}
	log, err := os.ReadFile(filepath.Join(server.Folder(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "automatic recovery in progress") {
		t.Errorf("the restart recovered from no crash:\n%s", log)
	}
}

func TestRedisServesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	pid, folder := server.PID(), server.Folder()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	want := map[string]string{"save": "", "appendonly": "no", "maxmemory-policy": "noeviction", "bind": "127.0.0.1"}
	for name, value := range want {
		got, err := client.ConfigGet(t.Context(), name).Result()
		if err != nil || got[name] != value {
			t.Errorf("%s = %q, %v, want %q", name, got[name], err, value)
		}
	}
	parsed, err := redis.ParseURL(server.URL())
	if err != nil || parsed.Addr != server.Addr() {
		t.Errorf("URL %s: %v", server.URL(), err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if trial.Alive(pid) || exists(folder) {
		t.Errorf("after Stop: process alive %t, folder there %t", trial.Alive(pid), exists(folder))
	}
}

func TestRedisCrashesAndComesBackEmpty(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	addr := server.Addr()
	client := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Set(t.Context(), "hint", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a crashed Redis answered")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Exists(t.Context(), "hint").Result(); n != 0 || err != nil || server.Addr() != addr {
		t.Errorf("after the restart at %s: %d keys, %v", server.Addr(), n, err)
	}
}

func TestFrozenServersStop(t *testing.T) {
	t.Parallel()
	postgres := startPostgres(t, trial.PostgresOptions{Durable: false})
	redisServer := startRedis(t)
	for _, pid := range []int{postgres.PID(), redisServer.PID()} {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	client := redis.NewClient(&redis.Options{
		Addr: redisServer.Addr(), ReadTimeout: 50 * time.Millisecond, MaxRetries: -1,
	})
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a frozen Redis answered")
	}
	begun := time.Now()
	if err := errors.Join(postgres.Stop(), redisServer.Stop()); err != nil {
		t.Fatal(err)
	}
	// After ten seconds they would have been killed, which leaves shared memory behind.
	if took := time.Since(begun); took > 9*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

func TestGivenServersAreNotTouched(t *testing.T) {
	t.Parallel()
	given := map[string]string{
		"DATABASE_URL": "postgres://them@db.example/book",
		"REDIS_URL":    "rediss://:secret@cache.example:6380/2?protocol=3",
	}
	getenv := func(name string) string { return given[name] }
	postgres, err := trial.OpenPostgres(t.Context(), getenv, trial.PostgresOptions{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	redisServer, err := trial.OpenRedis(t.Context(), getenv)
	if err != nil {
		t.Fatal(err)
	}
	if postgres.URL() != given["DATABASE_URL"] || redisServer.URL() != given["REDIS_URL"] {
		t.Errorf("addresses %s, %s", postgres.URL(), redisServer.URL())
	}
	if got := redisServer.Addr(); got != "cache.example:6380" {
		t.Errorf("Addr = %s", got)
	}
	for name, server := range map[string]*trial.Server{"PostgreSQL": postgres.Server, "Redis": redisServer.Server} {
		if !server.External() || server.PID() != 0 || server.Stop() != nil {
			t.Errorf("%s: external %t, PID %d, Stop %v", name, server.External(), server.PID(), server.Stop())
		}
		if !errors.Is(server.Crash(), trial.ErrExternal) || !errors.Is(server.Restart(t.Context()), trial.ErrExternal) {
			t.Errorf("%s lets itself be crashed or restarted", name)
		}
	}
}

func TestNothingGivenStartsOurOwn(t *testing.T) {
	t.Parallel()
	server, err := trial.OpenRedis(t.Context(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if server.External() || server.PID() == 0 {
		t.Errorf("external %t, PID %d", server.External(), server.PID())
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
}

func TestPortTakenMeanwhile(t *testing.T) {
	t.Parallel()
	first := startRedis(t)
	taken, err := strconv.Atoi(strings.TrimPrefix(first.Addr(), "127.0.0.1:"))
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]func(pick func(context.Context) (int, error)) (*trial.Server, error){
		"PostgreSQL": func(pick func(context.Context) (int, error)) (*trial.Server, error) {
			server, err := trial.StartPostgresOn(t.Context(), pick)
			if err != nil {
				return nil, err
			}
			return server.Server, nil
		},
		"Redis": func(pick func(context.Context) (int, error)) (*trial.Server, error) {
			server, err := trial.StartRedisOn(t.Context(), pick)
			if err != nil {
				return nil, err
			}
			return server.Server, nil
		},
	} {
		asked := 0
		server, err := start(func(context.Context) (int, error) {
			asked++
			return taken + asked/2, nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if asked < 2 {
			t.Errorf("%s served on the taken port", name)
		}
		if err := server.Stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	asked := 0
	_, err = trial.StartRedisOn(t.Context(), func(context.Context) (int, error) { asked++; return taken, nil })
	if err == nil || !strings.Contains(err.Error(), "ddress already in use") || asked != 5 {
		t.Errorf("after %d ports that were all taken: %v", asked, err)
	}
}

// setTempDir moves the temporary folder of this process for one test.
func setTempDir(t *testing.T, name string, mode os.FileMode) string {
	t.Helper()
	parent, err := os.MkdirTemp("/tmp", "trial-*") //nolint:usetesting // T.TempDir is closed to the server's account
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	dir := filepath.Join(parent, name)
	if err := errors.Join(os.Chmod(parent, 0o755), os.Mkdir(dir, mode)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	return dir
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	dir := setTempDir(t, "base", 0o755)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := trial.StartPostgres(ctx, trial.PostgresOptions{Durable: false})
		failed <- err
	}()
	eventually(t, "initdb is at work", func() bool {
		found, err := filepath.Glob(filepath.Join(dir, "*", "s", "data", "base"))
		return err == nil && len(found) == 1
	})
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled start = %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestUnusableTempDir(t *testing.T) {
	for name, mode := range map[string]os.FileMode{"closed": 0o700, strings.Repeat("long", 30): 0o755} {
		dir := setTempDir(t, name, mode)
		for _, server := range []*trial.Server{
			startPostgres(t, trial.PostgresOptions{Durable: false}).Server, startRedis(t).Server,
		} {
			if mode == 0o755 && strings.HasPrefix(server.Folder(), dir) {
				t.Errorf("a socket's path does not fit below %s", dir)
			}
		}
	}
}

func TestKilledParentLeavesNoServer(t *testing.T) {
	t.Parallel()
	c := startChild(t, nil)
	if !trial.Alive(c.postgres) || !trial.Alive(c.redis) {
		t.Fatal("the child's servers do not run")
	}
	// A connection in use must not keep the server.
	connect(t, c.url)
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
	eventually(t, "both servers are gone", func() bool { return !trial.Alive(c.postgres) && !trial.Alive(c.redis) })
	startRedis(t)
	if exists(c.postgresFolder) || exists(c.redisFolder) {
		t.Error("the next start left the dead child's folders")
	}
}

func TestSweepSparesTheLiving(t *testing.T) {
	t.Parallel()
	c := startChild(t, nil)
	startRedis(t)
	if !exists(c.postgresFolder) || !exists(c.redisFolder) {
		t.Error("a start swept the folders of a living process")
	}
	if err := c.input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v", err)
	}
	if trial.Alive(c.postgres) || trial.Alive(c.redis) || exists(c.postgresFolder) || exists(c.redisFolder) {
		t.Error("an orderly end left something behind")
	}
}

// deadPID is the number of a process that is over.
func deadPID(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// staleFolder is a folder as a dead owner leaves it. Every sweep on the machine may find it,
// so it gets its name when it is as filled as it is to be.
func staleFolder(t *testing.T, fill func(folder string)) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "s"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "lock"), "")
	fill(folder)
	top := filepath.Join(os.TempDir(), fmt.Sprintf("twoline-trial-%d-%d", deadPID(t), time.Now().UnixNano()))
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	if err := os.Rename(folder, top); err != nil {
		t.Fatal(err)
	}
	return top
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSweepEndsAnOrphan(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	top := staleFolder(t, func(folder string) {
		socket := filepath.Join(folder, "s", "redis.sock")
		orphan := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "")
		if err := orphan.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			_ = orphan.Wait()
			close(ended)
		}()
		t.Cleanup(func() { _ = orphan.Process.Kill() })
		eventually(t, "the orphan listens", func() bool { return exists(socket) })
		writeFile(t, filepath.Join(folder, "pid"), strconv.Itoa(orphan.Process.Pid))
	})
	startRedis(t)
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the orphan still runs")
	}
	if exists(top) {
		t.Error("the orphan's folder is still there")
	}
}

func TestSweepEndsNobodyElse(t *testing.T) {
	t.Parallel()
	// The noted number belongs to somebody else by now: nothing answers in the folder.
	stranger := exec.Command("sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	})
	top := staleFolder(t, func(folder string) {
		writeFile(t, filepath.Join(folder, "pid"), strconv.Itoa(stranger.Process.Pid))
	})
	startRedis(t)
	if exists(top) {
		t.Error("the folder of a dead owner is still there")
	}
	var status syscall.WaitStatus
	if pid, err := syscall.Wait4(stranger.Process.Pid, &status, syscall.WNOHANG, nil); pid != 0 || err != nil {
		t.Errorf("a stranger was ended: %v, %v", status, err)
	}
}

func TestSweepSparesALockedFolder(t *testing.T) {
	t.Parallel()
	// The owner lives where its number means nothing to us, such as in a container.
	var lock *os.File
	top := staleFolder(t, func(folder string) {
		var err error
		if lock, err = os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR, 0); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
	})
	startRedis(t)
	if !exists(top) {
		t.Error("a folder whose lock is held was swept")
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	startRedis(t)
	if exists(top) {
		t.Error("a folder whose lock is free was left")
	}
}

func TestSweepSparesAFolderInTheMaking(t *testing.T) {
	t.Parallel()
	// Its owner lives and has not come to the lock yet.
	top := filepath.Join(os.TempDir(), fmt.Sprintf("twoline-trial-%d-making", os.Getpid()))
	if err := os.Mkdir(top, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	startRedis(t)
	if !exists(top) {
		t.Error("the folder of a living owner was swept")
	}
}

func TestRunsWithoutRoot(t *testing.T) {
	t.Parallel()
	var as *syscall.Credential
	if os.Geteuid() == 0 {
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		uid, errUID := strconv.ParseUint(nobody.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(nobody.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			t.Fatal(err)
		}
		as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	c := startChild(t, as)
	if c.uid == 0 {
		t.Fatal("the child runs as root")
	}
	if got := query(t, connect(t, c.url), `select 'served'`); got != "served" {
		t.Errorf("answer %q", got)
	}
	if err := c.input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v", err)
	}
	if trial.Alive(c.postgres) || exists(c.postgresFolder) || exists(c.redisFolder) {
		t.Error("an orderly end left something behind")
	}
}

func TestServersDoNotRunAsRoot(t *testing.T) {
	t.Parallel()
	postgres, redisServer := startPostgres(t, trial.PostgresOptions{Durable: false}), startRedis(t)
	for _, made := range []string{
		filepath.Join(postgres.Folder(), "s", "data", "postmaster.pid"),
		filepath.Join(redisServer.Folder(), "s", "redis.sock"),
	} {
		info, err := os.Stat(made)
		if err != nil {
			t.Fatal(err)
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || owner.Uid == 0 {
			t.Errorf("root made %s", made)
		}
	}
}
