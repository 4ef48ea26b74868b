// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "samples.h"
#include "xalloc.h"

/* The second screen without cursor, where long lines do not wrap; and back. */
#define ENTER       "\033[?1049h\033[?25l\033[?7l"
#define LEAVE       "\033[?7h\033[?25h\033[?1049l"
#define HOME        "\033[H"
#define REVERSE     "\033[7m"
#define NORMAL      "\033[m"
#define CLEAR_LINE  "\033[K"
#define CLEAR_BELOW "\033[J"

/* Taken one by one, while the screen is whole. */
static const int taken[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
			     SIGTSTP, SIGCONT, SIGWINCH };

static struct {
	bool active, entered;
	bool has_keys; /* standard input is a terminal, too */
	int signals;
	sigset_t mask; /* before */
	struct termios termios;
} screen;

static void enter(void)
{
	struct termios raw;

	if (screen.entered)
		return;
	screen.entered = true;
	screen.has_keys = !tcgetattr(STDIN_FILENO, &screen.termios);
	if (screen.has_keys) {
		raw = screen.termios;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	fputs(ENTER, stdout);
	fflush(stdout);
}

static void leave(void)
{
	if (!screen.entered)
		return;
	screen.entered = false;
	fputs(LEAVE, stdout);
	fflush(stdout);
	if (screen.has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.termios);
}

bool screen_exists(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

void screen_begin(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&set, taken[i]);
	sigprocmask(SIG_BLOCK, &set, &screen.mask);
	screen.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Without descriptors, signals have their usual effect. */
	if (screen.signals < 0)
		sigprocmask(SIG_SETMASK, &screen.mask, NULL);
	screen.active = true;
	/* Also where memory is short. */
	atexit(screen_end);
	enter();
}

void screen_end(void)
{
	if (!screen.active)
		return;
	screen.active = false;
	leave();
	if (screen.signals >= 0)
		close(screen.signals);
	sigprocmask(SIG_SETMASK, &screen.mask, NULL);
}

static struct winsize size(void)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (!size.ws_row || !size.ws_col)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	return size;
}

size_t screen_width(void)
{
	return size().ws_col;
}

/* Written at once, so that no half of a view is ever seen. */
void screen_draw(const char *head, const char *text)
{
	size_t rows = size().ws_row, len;
	char *out = NULL;
	FILE *f = xcheck(open_memstream(&out, &len));

	fprintf(f, HOME REVERSE "%s" CLEAR_LINE NORMAL, head);
	while (*text && --rows) {
		const size_t line = strcspn(text, "\n");

		fprintf(f, "\n%.*s" CLEAR_LINE, (int)line, text);
		text += line + (text[line] == '\n');
	}
	fputs(CLEAR_BELOW, f);
	fclose(f);
	fwrite(xcheck(out), 1, len, stdout);
	fflush(stdout);
	free(out);
}

/* Ends or stops the process as without a screen. */
static void deliver(int sig)
{
	sigset_t set;

	leave();
	sigemptyset(&set);
	sigaddset(&set, sig);
	kill(getpid(), sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* The process was stopped, or ignores the signal. */
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(screen.signals, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info)) {
		const int sig = (int)info.ssi_signo;

		if (sig == SIGWINCH)
			continue;
		if (sig == SIGCONT)
			/* Something else used the terminal meanwhile. */
			leave();
		else
			deliver(sig);
	}
	enter();
}

static struct timespec time_left(uint64_t until)
{
	const uint64_t now = samples_clock();
	const uint64_t left = until > now ? until - now : 0;

	return (struct timespec){
		.tv_sec = (time_t)(left / 1000000000),
		.tv_nsec = (long)(left % 1000000000),
	};
}

int screen_wait(uint64_t until)
{
	struct pollfd fds[] = {
		{ .fd = screen.signals, .events = POLLIN },
		{ .fd = screen.has_keys ? STDIN_FILENO : -1, .events = POLLIN },
	};
	const struct timespec left = time_left(until);
	unsigned char key;

	if (ppoll(fds, 2, &left, NULL) <= 0)
		return SCREEN_TIME;
	if (fds[0].revents) {
		take_signals();
		return SCREEN_REDRAW;
	}
	if (read(STDIN_FILENO, &key, 1) == 1)
		return key;
	/* The terminal is gone, or not this process's. */
	screen.has_keys = false;
	return SCREEN_REDRAW;
}
