/* Descriptor passing, process descriptors, peers and detached mounts. */
#ifndef CSANDBOX_DESCRIPTORS_H
#define CSANDBOX_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Most descriptors in one message. */
#define CSANDBOX_MAX_FDS 16

/* Sends `count` bytes (at least 1) with `fd_count` descriptors in one sendmsg (MSG_NOSIGNAL, EINTR retried).
 * Returns the bytes sent, which a stream may cut short: the descriptors went with the first byte, send the rest without
 * them. -EINVAL for too many descriptors or no bytes, -EAGAIN on a full non-blocking socket. */
ssize_t csandbox_send_fds(int socket, const void *bytes, size_t count, const int *fds, size_t fd_count);

/* Receives up to `capacity` bytes and up to `fd_capacity` descriptors (MSG_CMSG_CLOEXEC, EINTR retried).
 * Returns the bytes received; 0 is the end of the stream. Sets *fd_count (0 on every error).
 * -EMSGSIZE when the peer sent more descriptors than fit, or a packet longer than `capacity`: all of them are closed. */
ssize_t csandbox_recv_fds(int socket, void *bytes, size_t capacity, int *fds, size_t fd_capacity, size_t *fd_count);

/* Process descriptor of `pid`, or -errno. */
int csandbox_pidfd_open(pid_t pid);

int csandbox_pidfd_send_signal(int pidfd, int signal);

/* Waits for a child by its process descriptor. `timeout_milliseconds` < 0 waits without end. Reaps it.
 * *kind: 0 exited, 1 killed by a signal; *value: the code or the signal. -ETIMEDOUT when it still runs. */
int csandbox_pidfd_wait(int pidfd, int timeout_milliseconds, int *kind, int *value);

/* Name of the calling thread in ps and top, at most 15 bytes. */
void csandbox_name_thread(const char *name);

/* Credentials of the peer of a connected Unix-domain socket, taken when it connected. */
int csandbox_peer_credentials(int socket, uid_t *uid, gid_t *gid, pid_t *pid);

/* Detached copy of the mount at `path` (open_tree), or -errno. Needs CAP_SYS_ADMIN: a root supervisor calls it, so that a
 * sandbox's uid needs no right on any path. It can be attached once. */
int csandbox_open_mount(const char *path, int recursive);

#endif
