#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# Servers, as Debian packages them, do the same without and with "msharectl run".

load guest
load programs

setup() {
	trace_failures
	DIR=/tmp/server
	install -d -m 755 "$DIR" "$DIR/files"
	echo hello >"$DIR/files/hello"
}

teardown() {
	local file
	for file in "$DIR"/*pid; do
		[[ ! -e $file ]] || kill "$(<"$file")" || true
	done
	rm -rf "$DIR"
}

# need PROGRAM
need() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

# same_with_regions SESSION N: both sessions print the same. The second session
# creates N regions, and leaves nothing.
same_with_regions() {
	local before regions plain
	under=()
	"$1" >/tmp/without
	cat /tmp/without
	before=$(shmem) regions=$(counter regions) plain=$(counter plain)
	# shmcb has at most 64 MiB
	under=(msharectl run --min-size 32M --strict --)
	"$1" >/tmp/with
	diff /tmp/without /tmp/with
	assert_equal $(($(counter regions) - regions)) "$2"
	assert_equal "$(counter plain)" "$plain"
	eventually no_nameless_region
	eventually shmem_is_at_most "$before"
}

# server COMMAND...: the server keeps no file of bats open
server() {
	"${under[@]}" "$@" >>"$DIR/output" 2>&1 3>&-
}

# windows_are N PID...: each process has N windows with regions, none without
windows_are() {
	local pid wanted=$1
	[[ ${#under[@]} -gt 0 ]] || wanted=0
	for pid in "${@:2}"; do
		assert_equal "$(windows "$pid")" "$wanted"
	done
}

# get PORT URL: prints the status, what a cache says, and the last line
get() {
	local server reply line
	exec {server}<>"/dev/tcp/127.0.0.1/$1" || return
	printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&"$server"
	mapfile -t reply < <(timeout 60 cat <&"$server")
	exec {server}>&-
	((${#reply[@]} > 0)) || return
	line=${reply[0]#* }
	printf '%s' "${line%$'\r'}"
	for line in "${reply[@]}"; do
		[[ $line != [Xx]-[Cc]ache:* ]] || printf ', %s' "${line%$'\r'}"
	done
	printf ', %s\n' "${reply[-1]%$'\r'}"
}

# answers PORT URL
answers() {
	get "$1" "$2" >/dev/null 2>&1
}

# Sets $workers to the N child processes of the process in FILE: set_workers FILE N
set_workers() {
	mapfile -t workers < <(pgrep -P "$(<"$1")")
	((${#workers[@]} == $2))
}

# replaced FILE N SIGNAL: sends the signal, and waits for N new workers
replaced() {
	ends_with "kill -$3 $(<"$1")" "${workers[@]}"
	eventually set_workers "$1" "$2"
}

# configure_nginx SIZE: of the second zone
configure_nginx() {
	cat >"$DIR/nginx.conf" <<-END
		error_log $DIR/log;
		pid $DIR/pid;
		worker_processes 2;
		user www-data;
		events {
			worker_connections 32;
		}
		http {
			access_log off;
			client_body_temp_path $DIR/body;
			proxy_temp_path $DIR/proxy;
			fastcgi_temp_path $DIR/fastcgi;
			uwsgi_temp_path $DIR/uwsgi;
			scgi_temp_path $DIR/scgi;
			limit_req_zone \$uri zone=first:64m rate=1r/m;
			limit_req_zone \$uri zone=second:$1 rate=1r/m;
			server {
				listen 127.0.0.1:8100;
				root $DIR/files;
				location /first { limit_req zone=first; try_files /hello =404; }
				location /second { limit_req zone=second; try_files /hello =404; }
				location / { $2 }
			}
		}
	END
}

# The zones count requests for a URL, whichever worker serves them.
nginx_session() {
	configure_nginx 80m
	# the upgrade executes this path
	server /usr/sbin/nginx -c "$DIR/nginx.conf"
	eventually answers 8100 /hello
	eventually set_workers "$DIR/pid" 2
	windows_are 2 "$(<"$DIR/pid")" "${workers[@]}"
	get 8100 /first/a
	for _ in 1 2 3 4; do
		get 8100 /first/a
	done
	echo 'after a reload, zones are as they were'
	get 8100 /second/b
	replaced "$DIR/pid" 2 HUP
	windows_are 2 "$(<"$DIR/pid")" "${workers[@]}"
	get 8100 /second/b
	echo 'after a reload with a larger zone, the zone is new'
	configure_nginx 96m
	get 8100 /first/c
	get 8100 /second/c
	replaced "$DIR/pid" 2 HUP
	windows_are 2 "$(<"$DIR/pid")" "${workers[@]}"
	get 8100 /first/c
	get 8100 /second/c
	echo 'after an upgrade of the program, all zones are new'
	get 8100 /first/d
	kill -USR2 "$(<"$DIR/pid")"
	eventually test -s "$DIR/pid.oldbin" -a -s "$DIR/pid"
	ends_with "kill -QUIT $(<"$DIR/pid.oldbin")" "$(<"$DIR/pid.oldbin")" "${workers[@]}"
	eventually set_workers "$DIR/pid" 2
	windows_are 2 "$(<"$DIR/pid")" "${workers[@]}"
	get 8100 /first/d
	ends_with "kill -QUIT $(<"$DIR/pid")" "$(<"$DIR/pid")" "${workers[@]}"
	sed -nE 's/.*\[(warn|error|crit|alert|emerg)\] [0-9]+#[0-9]+: //p' "$DIR/log" |
		grep -v 'limiting requests' || true
	rm "$DIR/log"
}

@test "nginx, unmodified: workers share the page tables of its zones" {
	need nginx
	same_with_regions nginx_session 5
}

configure_apache() {
	local module
	{
		for module in mpm_prefork authz_core status cache cache_socache socache_shmcb; do
			echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
		done
		cat <<-END
			ServerName localhost
			ServerRoot $DIR
			DefaultRuntimeDir $DIR
			DocumentRoot $DIR/files
			PidFile $DIR/pid
			ErrorLog $DIR/log
			Listen 127.0.0.1:8101
			User www-data
			Group www-data
			StartServers 3
			MinSpareServers 3
			MaxSpareServers 3
			ServerLimit 4
			MaxRequestWorkers 4
			CacheEnable socache /
			CacheSocache shmcb:$DIR/cache(50331648)
			CacheHeader on
		END
	} >"$DIR/apache.conf"
}

apache_session() {
	configure_apache
	touch -d '10 days ago' "$DIR/files/hello"
	server apache2 -f "$DIR/apache.conf" -k start
	eventually answers 8101 /missing
	eventually set_workers "$DIR/pid" 3
	windows_are 1 "$(<"$DIR/pid")" "${workers[@]}"
	for _ in 1 2 3 4; do
		get 8101 /hello
	done
	echo 'after a graceful restart, the cache is new'
	replaced "$DIR/pid" 3 USR1
	windows_are 1 "$(<"$DIR/pid")" "${workers[@]}"
	get 8101 /hello
	get 8101 /hello
	ends_with "kill $(<"$DIR/pid")" "$(<"$DIR/pid")" "${workers[@]}"
	grep -oE '(error|crit|alert|emerg)\].*' "$DIR/log" || true
	rm "$DIR/log"
}

@test "Apache httpd, unmodified: children share the page tables of a cache" {
	need apache2
	same_with_regions apache_session 3
}

configure_haproxy() {
	cat >"$DIR/haproxy.conf" <<-END
		global
			nbthread 2
			user haproxy
		defaults
			mode http
			timeout client 30s
			timeout server 30s
			timeout connect 30s
		cache memory
			total-max-size 33
			max-age 600
		frontend clients
			bind 127.0.0.1:8102
			http-request cache-use memory
			http-response cache-store memory
			http-after-response set-header X-Cache hit if { res.cache_hit }
			default_backend origin
		backend origin
			server nginx 127.0.0.1:8100
	END
}

start_origin() {
	configure_nginx 80m
	env -- nginx -c "$DIR/nginx.conf" >>"$DIR/output" 2>&1 3>&-
	eventually answers 8100 /hello
}

stop_origin() {
	ends_with "kill -QUIT $(<"$DIR/pid")" "$(<"$DIR/pid")"
}

# The master executes itself at a reload, with -sf and the worker's process ID.
haproxy_session() {
	start_origin
	configure_haproxy
	server haproxy -W -D -f "$DIR/haproxy.conf" -p "$DIR/haproxy.pid"
	eventually answers 8102 /missing
	eventually set_workers "$DIR/haproxy.pid" 1
	windows_are 1 "${workers[@]}"
	get 8102 /hello
	get 8102 /hello
	echo 'after a reload, the cache is new'
	replaced "$DIR/haproxy.pid" 1 USR2
	windows_are 1 "${workers[@]}"
	get 8102 /hello
	get 8102 /hello
	ends_with "kill $(<"$DIR/haproxy.pid")" "$(<"$DIR/haproxy.pid")" "${workers[@]}"
	stop_origin
}

@test "HAProxy, unmodified: its cache is a region" {
	need haproxy
	need nginx
	same_with_regions haproxy_session 2
}

uwsgi_session() {
	cat >"$DIR/app.py" <<-'END'
		import uwsgi
		def application(environment, start_response):
		    start_response("200 OK", [])
		    uwsgi.sharedarea_inc64(0, 8)
		    return [b"%d\n" % uwsgi.sharedarea_read64(0, 8)]
	END
	server uwsgi --plugin python3 --sharedarea 20000 --http-socket 127.0.0.1:8104 \
		--master --processes 3 --single-interpreter --wsgi-file "$DIR/app.py" \
		--pidfile "$DIR/pid" --daemonize "$DIR/log"
	eventually answers 8104 /
	eventually set_workers "$DIR/pid" 3
	windows_are 1 "$(<"$DIR/pid")" "${workers[@]}"
	for _ in 1 2 3 4; do
		get 8104 /
	done
	ends_with "kill -INT $(<"$DIR/pid")" "$(<"$DIR/pid")" "${workers[@]}"
}

@test "uWSGI, unmodified: workers share the page tables of a shared area" {
	need uwsgi
	same_with_regions uwsgi_session 1
}

configure_php() {
	configure_nginx 80m "fastcgi_pass unix:$DIR/socket; fastcgi_param REQUEST_METHOD GET; chunked_transfer_encoding off;
		fastcgi_param SCRIPT_FILENAME $DIR/files/index.php;"
	cat >"$DIR/files/index.php" <<-'END'
		<?php
		$status = opcache_get_status(false)["opcache_statistics"];
		echo include "included.php", ", cached ", $status["num_cached_scripts"],
			", hits ", $status["hits"], "\n";
	END
	echo '<?php return "included";' >"$DIR/files/included.php"
	cat >"$DIR/php.conf" <<-END
		[global]
		pid = $DIR/php.pid
		error_log = $DIR/log
		[www]
		user = www-data
		listen = $DIR/socket
		listen.owner = www-data
		pm = static
		pm.max_children = 2
		php_admin_value[opcache.file_update_protection] = 0
	END
}

php_session() {
	configure_php
	server "${php[@]}" -n -y "$DIR/php.conf" -d zend_extension=opcache -d opcache.jit=disable \
		-d opcache.jit_buffer_size=0 -d opcache.memory_consumption=128 \
		-d opcache.file_update_protection=0 -d opcache.preferred_memory_model="$model"
	env -- nginx -c "$DIR/nginx.conf" >>"$DIR/output" 2>&1 3>&-
	eventually set_workers "$DIR/php.pid" 2
	eventually answers 8100 /first
	windows_are "$windows" "$(<"$DIR/php.pid")" "${workers[@]}"
	for _ in 1 2 3 4; do
		get 8100 /
	done
	echo 'after a reload, the cache is new'
	replaced "$DIR/php.pid" 2 USR2
	windows_are "$windows" "$(<"$DIR/php.pid")" "${workers[@]}"
	get 8100 /
	get 8100 /
	ends_with "kill -QUIT $(<"$DIR/php.pid")" "$(<"$DIR/php.pid")" "${workers[@]}"
	stop_origin
	grep -oE '(WARNING|ERROR|ALERT).*' "$DIR/log" || true
	rm "$DIR/log"
}

# opcache maps its memory below 4 GiB.
@test "php-fpm with opcache, unmodified: memory with MAP_32BIT stays ordinary memory" {
	php=(/usr/sbin/php-fpm*)
	need "${php[0]}"
	model=mmap windows=0
	same_with_regions php_session 0
}

# opcache has 128 MiB, in four segments.
@test "php-fpm with opcache, unmodified: workers share page tables of System V memory" {
	php=(/usr/sbin/php-fpm*)
	need "${php[0]}"
	model=shm windows=4
	same_with_regions php_session 8
}

configure_squid() {
	cat >"$DIR/squid.conf" <<-END
		http_port 127.0.0.1:8103
		workers 2
		memory_cache_shared on
		shared_memory_locking on
		cache_mem 64 MB
		pid_filename $DIR/squid.pid
		cache_log $DIR/log
		access_log none
		cache_store_log none
		coredump_dir none
		netdb_filename none
		http_access allow all
		pinger_enable off
		visible_hostname localhost
		shutdown_lifetime 0 seconds
	END
	install -d -o proxy /run/squid
	touch "$DIR/log"
	chown proxy "$DIR/log"
}

squid_session() {
	start_origin
	configure_squid
	server squid -f "$DIR/squid.conf"
	eventually grep -q 'kid1.*Accepting' "$DIR/log"
	eventually grep -q 'kid2.*Accepting' "$DIR/log"
	set_workers "$DIR/squid.pid" 3
	for _ in 1 2 3 4; do
		get 8103 http://127.0.0.1:8100/hello
	done
	windows_are "$windows" "${workers[@]:1}"
	[[ $windows -eq 0 ]] || locked=$(msharectl stat --mount-point /dev/shm --bytes \
		--noheadings --output LOCKED squid-squid-page-pool.shm)
	ends_with "kill $(<"$DIR/squid.pid")" "$(<"$DIR/squid.pid")" "${workers[@]}"
	grep -o 'FATAL.*' "$DIR/log" || true
	rm "$DIR/log"
	stop_origin
}

# POSIX shared memory is files in /dev/shm: "msharectl run" leaves it as it is.
@test "Squid, unmodified: workers share page tables of memory in a msharefs on /dev/shm" {
	need squid
	need nginx
	ulimit -l unlimited
	windows=0
	same_with_regions squid_session 0
	mount -t msharefs msharefs /dev/shm
	windows=12
	squid_session >/tmp/mounted
	((locked >= 64 << 20))
	[[ $(ls /dev/shm) == mshare_info ]]
	umount /dev/shm
	diff /tmp/without /tmp/mounted
}

# Prints the end of stressors, and their failures.
stressors() {
	local stressor status
	for stressor in mmap shm shm-sysv munmap mmapmany mprotect pagemove; do
		status=0
		"${under[@]}" stress-ng --stdout --verify --temp-path "$DIR" --mmap-bytes 80m \
			--shm-bytes 80m --shm-objs 1 --shm-sysv-bytes 80m --shm-sysv-segs 1 \
			"--$stressor" 1 "--$stressor-ops" 2 >"$DIR/output" || status=$?
		echo "$stressor: status $status"
		sed -nE '/dispatching|defaulting/d; s/(.*\[[0-9]+\] |in .*s$)//gp' "$DIR/output"
	done
}

@test "stress-ng ends the same, with all of its shared memory in regions" {
	need stress-ng
	under=()
	stressors >/tmp/without
	cat /tmp/without
	[[ $(grep -c ': status 0$' /tmp/without) == 7 ]]
	under=(msharectl run --min-size 4K --)
	regions=$(counter regions)
	stressors >/tmp/with
	diff /tmp/without /tmp/with
	(($(counter regions) > regions))
}
