/* Descriptor passing, process descriptors, peers, detached mounts. */
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "internal.h"

#define CSANDBOX_OPEN_TREE_CLONE 1
#define CSANDBOX_AT_RECURSIVE 0x8000
#define CSANDBOX_P_PIDFD 3

union control {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int) * CSANDBOX_MAX_FDS)];
};

/* Also runs in a child: no allocation. */
ssize_t csandbox_send_fds(int socket, const void *bytes, size_t count, const int *fds, size_t fd_count) {
    if (count == 0 || fd_count > CSANDBOX_MAX_FDS) {
        errno = EINVAL;
        return -EINVAL;
    }
    struct iovec part = {(void *)(uintptr_t)bytes, count};
    union control control;
    memset(&control, 0, sizeof control);
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
    }
    ssize_t sent = CSANDBOX_RETRY(sendmsg(socket, &message, MSG_NOSIGNAL));
    return sent < 0 ? -errno : sent;
}

/* Takes the descriptors of a message; closes what does not fit. Returns 1 when something was closed. */
static int take_fds(struct msghdr *message, int *fds, size_t fd_capacity, size_t *fd_count) {
    int surplus = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(0))
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < count; index++) {
            int fd = -1;
            memcpy(&fd, CMSG_DATA(header) + index * sizeof(int), sizeof fd);
            if (*fd_count < fd_capacity) {
                fds[(*fd_count)++] = fd;
            } else {
                csandbox_close(&fd);
                surplus = 1;
            }
        }
    }
    return surplus;
}

ssize_t csandbox_recv_fds(int socket, void *bytes, size_t capacity, int *fds, size_t fd_capacity, size_t *fd_count) {
    *fd_count = 0;
    if (capacity == 0)
        return -EINVAL;
    struct iovec part = {bytes, capacity};
    union control control;
    memset(&control, 0, sizeof control);
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t received = CSANDBOX_RETRY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
    if (received < 0)
        return -errno;
    int surplus = take_fds(&message, fds, fd_capacity, fd_count);
    if (surplus || (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
        while (*fd_count > 0)
            csandbox_close(&fds[--*fd_count]);
        return -EMSGSIZE;
    }
    return received;
}

int csandbox_pidfd_open(pid_t pid) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

int csandbox_pidfd_send_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int csandbox_pidfd_wait(int pidfd, int timeout_milliseconds, int *kind, int *value) {
    struct pollfd entry = {pidfd, POLLIN, 0};
    int64_t deadline = csandbox_now_milliseconds() + timeout_milliseconds;
    for (;;) {
        int64_t left = timeout_milliseconds < 0 ? -1 : deadline - csandbox_now_milliseconds();
        if (timeout_milliseconds >= 0 && left < 0)
            left = 0;
        int ready = poll(&entry, 1, (int)left);
        if (ready > 0)
            break;
        if (ready == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (CSANDBOX_RETRY(waitid((idtype_t)CSANDBOX_P_PIDFD, (id_t)pidfd, &info, WEXITED)) < 0)
        return -errno;
    *kind = info.si_code == CLD_EXITED ? 0 : 1;
    *value = info.si_status;
    return 0;
}

void csandbox_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

int csandbox_peer_credentials(int socket, uid_t *uid, gid_t *gid, pid_t *pid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return -errno;
    if (length != sizeof peer || peer.pid <= 0) /* a socket without a peer answers pid 0 and uid -1 */
        return -ENOTCONN;
    *uid = peer.uid;
    *gid = peer.gid;
    *pid = peer.pid;
    return 0;
}

int csandbox_open_mount(const char *path, int recursive) {
    unsigned flags = CSANDBOX_OPEN_TREE_CLONE | O_CLOEXEC | (recursive ? CSANDBOX_AT_RECURSIVE : 0);
    int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, flags);
    return fd < 0 ? -errno : fd;
}
