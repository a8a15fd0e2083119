/* Sockets that are made inside the sandbox's network namespace and served from outside. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

static int open_listener(const struct csandbox_listener *listener, int *fd) {
    *fd = socket(AF_INET, listener->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return CSANDBOX_STEP_LISTENER_SOCKET;
    /* SO_REUSEPORT lets 127.0.0.2:443 and 0.0.0.0:443 coexist; the specific one wins. Only below 1024: the option
     * shares a port among all sockets of one uid, so on a high port a program in the sandbox could bind beside our
     * listener and take connections away. Below 1024 it lacks the capability. */
    int one = 1;
    if (listener->type == SOCK_STREAM && listener->port < 1024 &&
        setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0)
        return CSANDBOX_STEP_LISTENER_OPTION;
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(listener->port);
    address.sin_addr.s_addr = htonl(listener->address);
    if (bind(*fd, (struct sockaddr *)&address, sizeof address) < 0)
        return CSANDBOX_STEP_LISTENER_BIND;
    if (listener->type == SOCK_STREAM && listen(*fd, listener->backlog) < 0)
        return CSANDBOX_STEP_LISTENER_LISTEN;
    return 0;
}

/* Child: opens all listeners of the plan and sends them in one message. They are closed here: what is left in the
 * sandbox is nothing but the addresses. */
int csandbox_child_listeners(const struct csandbox_plan *plan, int socket) {
    int fds[CSANDBOX_MAX_FDS];
    for (uint32_t index = 0; index < plan->listener_count; index++) {
        int step = open_listener(&plan->listeners[index], &fds[index]);
        if (step != 0)
            return step;
    }
    if (csandbox_send_fds(socket, "L", 1, fds, plan->listener_count) != 1)
        return CSANDBOX_STEP_LISTENER_SEND;
    for (uint32_t index = 0; index < plan->listener_count; index++)
        close(fds[index]);
    return 0;
}
