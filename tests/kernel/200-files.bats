#!/usr/bin/env bats
# bats file_tags=long
# Regions as files, for programs that know nothing of msharefs.

load guest
bats_load_library bats-support
bats_load_library bats-assert

setup() {
	cd "$MSHARE" || return
}

teardown() {
	cd /
	remove_regions
}

@test "cp, truncate, dd, cmp, du and shells use a region as a file" {
	head -c 3000000 /dev/urandom >/tmp/data
	cp /tmp/data region
	cmp /tmp/data region
	[[ $(stat -c %s region) == 3000000 ]]
	[[ $(du -k region) == 2932*region ]]
	dd if=region bs=64K of=/tmp/copy status=none
	cmp /tmp/data /tmp/copy
	echo more >>region
	[[ $(tail -c 5 region) == more ]]
	truncate -s 4 region
	[[ $(stat -c %s region) == 4 ]]
	cp --sparse=always region /tmp/copy
	cmp -n 4 /tmp/data /tmp/copy
	echo text >region
	[[ $(<region) == text ]]
	fallocate -l 1M region
	[[ $(du -k region) == 1024*region ]]
	fallocate -p -o 0 -l 1M region
	[[ $(du -k region) == 0*region ]]
	truncate -s 5G region
	[[ $(msharectl info --bytes region) == *5368709120* ]]
}

@test "Python's mmap module works with a region" {
	logged /usr/bin/python3 - <<-'END'
		import mmap, os
		with open("region", "w+b") as f:
		    f.truncate(10000000)
		    m = mmap.mmap(f.fileno(), 0)
		    assert len(m) == 10000000
		    m[0:5] = b"hello"
		    m[9999990:] = b"0123456789"
		    m.flush()
		    m.flush(4096, 8192)
		    f.seek(9999990)
		    assert f.read() == b"0123456789"
		    f.seek(5)
		    f.write(b", world")
		    f.flush()
		    assert m[0:12] == b"hello, world"
		    if os.fork() == 0:
		        m[100] = 42
		        os._exit(0)
		    os.wait()
		    assert m[100] == 42
		    assert m.find(b"world") == 7
		    m.madvise(mmap.MADV_RANDOM)
		    m.close()
		with open("region", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
		    assert m[0:5] == b"hello"
		with open("region", "rb") as f:
		    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
		        assert m[9999999] == ord("9")
	END
	assert_success
}

@test "memcached keeps its items in a region when it is started again" {
	logged /usr/bin/python3 - <<-'END'
		import atexit, os, signal, socket, subprocess, time
		def start():
		    if os.path.exists("/tmp/mc"):
		        os.unlink("/tmp/mc")
		    p = subprocess.Popen(["/usr/bin/memcached", "-u", "nobody", "-s", "/tmp/mc",
		                          "-a", "777", "-m", "64", "-e", "cache"])
		    # else it keeps the output open, and bats waits
		    atexit.register(p.kill)
		    for _ in range(600):
		        try:
		            s = socket.socket(socket.AF_UNIX)
		            s.connect("/tmp/mc")
		            return p, s.makefile("rwb")
		        except OSError:
		            assert p.poll() is None, "memcached has ended"
		            time.sleep(0.1)
		    raise SystemExit("memcached does not answer")
		def stop(p):
		    p.send_signal(signal.SIGUSR1)
		    assert p.wait(60) == 0
		p, s = start()
		for i in range(100):
		    s.write(b"set key%d 0 0 1000\r\n%s\r\n" % (i, b"%04d" % i * 250))
		    s.flush()
		    assert s.readline() == b"STORED\r\n"
		maps = open(f"/proc/{p.pid}/maps").read()
		assert " /sys/fs/mshare/cache\n" in maps, maps
		stop(p)
		# memcached drops the items if it starts in the second in which it stopped
		time.sleep(1.1)
		p, s = start()
		for i in range(100):
		    s.write(b"get key%d\r\n" % i)
		    s.flush()
		    assert s.readline() == b"VALUE key%d 0 1000\r\n" % i
		    assert s.readline() == b"%04d" % i * 250 + b"\r\n"
		    assert s.readline() == b"END\r\n"
		stop(p)
	END
	assert_success
}

@test "uWSGI's processes share a counter in a region" {
	truncate -s 100000 counter
	cat >/tmp/app.py <<-'END'
		import uwsgi
		def application(environment, start_response):
		    start_response("200 OK", [])
		    uwsgi.sharedarea_inc64(0, 8)
		    return [b"%d" % uwsgi.sharedarea_read64(0, 8)]
	END
	uwsgi --plugin python3 --sharedarea file=counter,size=100000 \
		--http-socket /tmp/uwsgi.sock --master --processes 3 --single-interpreter \
		--wsgi-file /tmp/app.py >/tmp/uwsgi.log 2>&1 3>&- &
	logged /usr/bin/python3 - "$!" <<-'END'
		import http.client, os, signal, socket, sys, time
		server = int(sys.argv[1])
		class Connection(http.client.HTTPConnection):
		    def connect(self):
		        self.sock = socket.socket(socket.AF_UNIX)
		        self.sock.connect("/tmp/uwsgi.sock")
		def ask():
		    connection = Connection("localhost")
		    connection.request("GET", "/")
		    return int(connection.getresponse().read())
		for _ in range(600):
		    try:
		        assert ask() == 1
		        break
		    except OSError:
		        time.sleep(0.1)
		assert [ask() for _ in range(5)] == [2, 3, 4, 5, 6]
		maps = open(f"/proc/{server}/maps").read()
		assert "/sys/fs/mshare/counter\n" in maps, maps
		os.kill(server, signal.SIGINT)
	END
	assert_success
	wait
	[[ $(od -A n -t d8 -j 8 -N 8 counter) == *' 6' ]]
}

# mpi4py exchanges a message that is larger than what Open MPI copies at once.
@test "Open MPI's processes exchange messages through regions" {
	# Open MPI takes no directory without room
	mount -o remount,size=4G "$MSHARE"
	mkdir segments
	cat >/tmp/exchange.py <<-'END'
		import os, sys
		from mpi4py import MPI
		world = MPI.COMM_WORLD
		data = bytearray(1 << 20)
		if world.rank == 0:
		    data[12345] = 7
		    world.Send(data, 1)
		    maps = open("/proc/self/maps").read()
		    assert maps.count("/sys/fs/mshare/segments/") == 2, maps
		else:
		    world.Recv(data, 0)
		    print("received", data[12345])
	END
	logged env TMPDIR=/tmp mpirun --allow-run-as-root --oversubscribe -np 2 \
		--mca btl vader,self --mca btl_vader_single_copy_mechanism none \
		--mca btl_vader_backing_directory "$PWD/segments" \
		/usr/bin/python3 /tmp/exchange.py
	mount -o remount,size=0 "$MSHARE"
	assert_success
	assert_line 'received 7'
	[[ -z $(ls segments) ]]
	rmdir segments
}

# sanitized COMPILER KIND: a program built so attaches a region, and finds no fault
sanitized() {
	"$1" -fsanitize="$2" -O1 -o "/tmp/with-$2" -x c - <<-'END'
		#include <fcntl.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/mman.h>
		#include <unistd.h>
		int main(void)
		{
			int fd = open("sanitized", O_RDWR | O_CREAT, 0600);
			char *p;
			if (fd < 0 || ftruncate(fd, 100000))
				return 1;
			p = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
			if (p == MAP_FAILED)
				return 2;
			strcpy(p, "from the program");
			puts(p);
			return munmap(p, 100000) ? 3 : 0;
		}
	END
	logged "/tmp/with-$2"
	assert_success
	assert_output 'from the program'
	rm sanitized
}

@test "a program with AddressSanitizer attaches a region" {
	sanitized gcc address
}

@test "a program with ThreadSanitizer attaches a region" {
	sanitized gcc thread
}

@test "a program with MemorySanitizer attaches a region" {
	sanitized clang memory
}

@test "a Java program attaches a region, with any garbage collector" {
	cat >/tmp/Attach.java <<-'END'
		import java.nio.channels.FileChannel;
		import java.nio.file.*;
		public class Attach {
			public static void main(String[] args) throws Exception {
				Path path = Path.of("java");
				try (var file = FileChannel.open(path, StandardOpenOption.READ,
						StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
					var map = file.map(FileChannel.MapMode.READ_WRITE, 0, 5000000);
					map.putLong(4999992, 77);
					map.force();
					System.out.println(map.getLong(4999992));
				}
			}
		}
	END
	for collector in Serial Z; do
		logged java "-XX:+Use${collector}GC" -Xmx256m -Xint /tmp/Attach.java
		assert_success
		assert_output 77
		rm java
	done
}

# The heap grows meanwhile, from where Go prefers to have heaps.
@test "a Go program runs with a region" {
	msharectl create -q --size 1G --map --noreserve region
	{
		printf '['
		seq -s , 100000
		printf ']'
	} >/tmp/list.json
	logged bash -o pipefail -c 'msharectl attach-exec region -- gron --no-sort /tmp/list.json | tail -n 1'
	assert_success
	assert_output 'json[99999] = 100000;'
	msharectl rm region
}
