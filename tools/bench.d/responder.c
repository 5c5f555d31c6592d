/* The floor that the engine is measured against: a TUN device and the least that a SYN needs.
 *
 *     unshare -rn responder COMMAND...
 *
 * Every address behind the device answers a SYN with a SYN-ACK (read, swap, write; nothing is
 * parsed) and is silent to everything else. Ends with COMMAND's status.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char* what) {
    fprintf(stderr, "responder: %s: %s\n", what, strerror(errno));
    exit(125);
}

static struct sockaddr inet_address(const char* text) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr out;
    inet_pton(AF_INET, text, &in.sin_addr);
    memcpy(&out, &in, sizeof out);
    return out;
}

static int open_tun(void) {
    const int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (tun < 0)
        die("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "bare0");
    if (ioctl(tun, TUNSETIFF, &request) < 0)
        die("TUNSETIFF");

    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0)
        die("socket");
    request.ifr_addr = inet_address("198.18.0.1");
    if (ioctl(control, SIOCSIFADDR, &request) < 0)
        die("SIOCSIFADDR");
    request.ifr_netmask = inet_address("255.254.0.0");
    if (ioctl(control, SIOCSIFNETMASK, &request) < 0)
        die("SIOCSIFNETMASK");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request) < 0)
        die("SIOCSIFFLAGS");
    close(control);
    return tun;
}

static void swap(uint8_t* a, uint8_t* b, size_t size) {
    uint8_t kept[4];
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

/* One's complement sum of the 16-bit words that changed (RFC 1624). */
static uint32_t words(const uint8_t* at, size_t size) {
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i += 2)
        sum += (uint32_t)(at[i] << 8 | at[i + 1]);
    return sum;
}

static void answer_syns(int tun) {
    uint8_t packet[65536];
    for (;;) {
        const ssize_t size = read(tun, packet, sizeof packet);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            die("read");
        uint8_t* tcp = packet + 20;
        if (size < 40 || packet[0] != 0x45 || packet[9] != IPPROTO_TCP || tcp[13] != 0x02)
            continue;

        /* Swapping addresses and ports leaves both checksums as they are; what follows does not. */
        swap(packet + 12, packet + 16, 4);
        swap(tcp, tcp + 2, 2);
        uint32_t before = words(tcp + 8, 6);
        uint32_t seq;
        memcpy(&seq, tcp + 4, 4);
        const uint32_t ack = htonl(ntohl(seq) + 1);
        memcpy(tcp + 8, &ack, 4);
        tcp[13] = 0x12;
        uint32_t sum = (uint32_t)(tcp[16] << 8 | tcp[17]) + before;
        uint32_t after = words(tcp + 8, 6);
        /* checksum' = ~(~checksum + ~before + after), in 16 bits with end-around carry */
        sum = (sum & 0xffff) + (sum >> 16);
        sum += 6 * 0xffffU - after;
        while (sum >> 16)
            sum = (sum & 0xffff) + (sum >> 16);
        tcp[16] = (uint8_t)(sum >> 8);
        tcp[17] = (uint8_t)sum;
        if (write(tun, packet, (size_t)size) < 0)
            die("write");
    }
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fputs("usage: responder COMMAND...\n", stderr);
        return 125;
    }
    const int tun = open_tun();
    const pid_t parent = getpid();
    const pid_t responder = fork();
    if (responder < 0)
        die("fork");
    if (responder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            return 125;
        answer_syns(tun);
    }
    close(tun);
    const pid_t command = fork();
    if (command < 0)
        die("fork");
    if (command == 0) {
        execvp(argv[1], argv + 1);
        die(argv[1]);
    }
    int status = 0;
    while (waitpid(command, &status, 0) < 0 && errno == EINTR) {
    }
    kill(responder, SIGKILL);
    waitpid(responder, NULL, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
