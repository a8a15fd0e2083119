/* What pid 1 of a sandbox needs: commands, terminals and the signals of its children. */
#ifndef CSANDBOX_COMMAND_H
#define CSANDBOX_COMMAND_H

#include "csandbox_spawn.h"

struct csandbox_command {
    char *const *argv; /* argv[0] is looked up in the PATH of `envp` */
    char *const *envp;
    const char *directory;
    /* Become descriptors 0, 1 and 2. With `terminal` all three are the terminal's slave, which also becomes the
     * controlling terminal. Everything else is closed. */
    int32_t stdio[3];
    int32_t terminal;
};

/* Starts a command in its own session and process group (its pid). For a caller with one thread. */
int csandbox_start_command(const struct csandbox_command *command, pid_t *pid, struct csandbox_failure *failure);

/* Opens a pair of the caller's own /dev/pts. */
int csandbox_open_terminal(uint16_t columns, uint16_t rows, int *master, int *slave);

/* Sets the window size of a terminal by its master; the foreground process group gets SIGWINCH. */
int csandbox_resize_terminal(int master, uint16_t columns, uint16_t rows);

/* Makes pid 1 ready: blocks SIGCHLD, ignores SIGPIPE, refuses ptrace and /proc access by the commands (they have its
 * uid). Returns a signalfd that is readable when children ended. */
int csandbox_init_prepare(void);

/* One ended child: its pid, 0 when none has ended, -ECHILD when there are no children. *kind and *value as in
 * csandbox_pidfd_wait. */
pid_t csandbox_reap(int *kind, int *value);

/* Empties a signalfd. */
void csandbox_drain_signals(int signals);

/* Waits until one of the two is readable or the time is over (< 0: without end). Bits: 1 first, 2 second. */
int csandbox_poll_two(int first, int second, int timeout_milliseconds);

/* Monotonic milliseconds. */
int64_t csandbox_now_milliseconds(void);

#endif
