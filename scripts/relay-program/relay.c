/*
 * The program of the relay's image, for Linux on amd64 and arm64: relay RANGE SLICE, as in relay 10.170.0.0/16 10.170.8.0/21.
 *
 * It makes a TUN device and routes the whole range to it, but for the slice, whose owners are on eth0. Then it copies packets: from the
 * device to standard output and from standard input to the device, each with its length before it in two bytes, the high one first. A
 * length of zero is a sign of life, which is given back. It ends with its input, or when nothing has come for so long that whoever sent
 * it must have gone. There is no C library: what is called is the kernel. See write-relay-program.ts.
 */
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ioctl.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/poll.h>
#include <linux/route.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/time_types.h>
#include <asm/unistd.h>

typedef unsigned char byte;
typedef unsigned int word;

#define SILENCE_SECONDS 30
#define PACKET_MAX 65535
#define BATCH 32768
#define QUEUE 1000

#if defined(__x86_64__)
static long call(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call relay\n  hlt\n");
#else
static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n  mov x0, sp\n  bl relay\n");
#endif

#define call3(number, a, b, c) call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* The compiler calls these by name. */
void *memset(void *at, int value, unsigned long size) {
  for (byte *each = at; size > 0; size--) *each++ = (byte)value;
  return at;
}
void *memcpy(void *to, const void *from, unsigned long size) {
  byte *target = to;
  for (const byte *each = from; size > 0; size--) *target++ = *each++;
  return to;
}
void *memmove(void *to, const void *from, unsigned long size) {
  byte *target = to;
  const byte *source = from;
  if (target < source) return memcpy(to, from, size);
  while (size-- > 0) target[size] = source[size];
  return to;
}

static void leave(long code) {
  for (;;) call3(__NR_exit_group, code, 0, 0);
}

/* Says on standard error what could not be done, with the kernel's number for it, and ends. */
static void fail(const char *what, long error) {
  char text[80];
  word at = 0;
  for (; *what != 0 && at < 60; what++) text[at++] = *what;
  memcpy(text + at, ": errno ", 8);
  at += 8;
  word number = (word)-error, digit = 1;
  while (number / digit >= 10) digit *= 10;
  for (; digit > 0; digit /= 10) text[at++] = (char)('0' + number / digit % 10);
  text[at++] = '\n';
  call3(__NR_write, 2, text, at);
  leave(1);
}

static long must(const char *what, long result) {
  if (result < 0) fail(what, result);
  return result;
}

struct range {
  word base;
  word bits;
};

/* Reads 10.170.8.0/21. */
static struct range parse(const char *text) {
  word parts[5] = {0, 0, 0, 0, 0}, part = 0;
  for (; *text != 0 && part < 5; text++) {
    if (*text >= '0' && *text <= '9') parts[part] = parts[part] * 10 + (word)(*text - '0');
    else part++;
  }
  struct range found = {parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3], parts[4]};
  return found;
}

struct inet_address {
  unsigned short family;
  unsigned short port;
  word address;
  byte zero[8];
};

static void set_address(struct sockaddr *at, word value) {
  struct inet_address address = {2 /* AF_INET */, 0, __builtin_bswap32(value), {0}};
  memcpy(at, &address, sizeof address);
}

static void route(long socket, struct range range, char *device) {
  struct rtentry entry;
  memset(&entry, 0, sizeof entry);
  set_address(&entry.rt_dst, range.base);
  set_address(&entry.rt_genmask, range.bits == 0 ? 0 : ~0u << (32 - range.bits));
  entry.rt_flags = RTF_UP;
  entry.rt_dev = device;
  must("adding a route", call3(__NR_ioctl, socket, SIOCADDRT, &entry));
}

static void name(struct ifreq *request, const char *device) {
  memset(request, 0, sizeof *request);
  for (word i = 0; device[i] != 0; i++) request->ifr_name[i] = device[i];
}

/* Whoever asks where an address of another engine is has the answer at once: the kernel would let it wait for up to 0.8 seconds, and
 * does so if it does not take this. */
static void answer_at_once(word interface) {
  struct {
    struct nlmsghdr header;
    struct ndtmsg table;
    struct nlattr name;
    char name_text[12];
    struct nlattr parameters;
    struct nlattr index;
    word index_value;
    struct nlattr delay;
    unsigned long delay_ms;
  } __attribute__((packed)) message = {
      {sizeof message, RTM_SETNEIGHTBL, NLM_F_REQUEST, 1, 0},
      {2 /* AF_INET */, 0, 0},
      {4 + 10, NDTA_NAME},
      "arp_cache",
      {4 + 8 + 12, NDTA_PARMS | NLA_F_NESTED},
      {8, NDTPA_IFINDEX},
      interface,
      {12, NDTPA_PROXY_DELAY},
      0,
  };
  long socket = call3(__NR_socket, 16 /* AF_NETLINK */, 3 /* SOCK_RAW */, 0 /* NETLINK_ROUTE */);
  if (socket < 0) return;
  call(__NR_sendto, socket, (long)&message, sizeof message, 0, 0, 0);
  call3(__NR_close, socket, 0, 0);
}

/* The device, with its routes. */
static int make_tun(struct range range, struct range slice) {
  struct ifreq request;
  long socket = must("a socket", call3(__NR_socket, 2 /* AF_INET */, 2 /* SOCK_DGRAM */, 0));
  name(&request, "eth0");
  must("looking for eth0", call3(__NR_ioctl, socket, SIOCGIFINDEX, &request));
  answer_at_once((word)request.ifr_ifindex);
  long tun = must("opening /dev/net/tun", call(__NR_openat, -100 /* AT_FDCWD */, (long)"/dev/net/tun", 02 | 04000 /* O_RDWR | O_NONBLOCK */, 0, 0, 0));
  name(&request, "relay");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  must("making a TUN device", call3(__NR_ioctl, tun, TUNSETIFF, &request));
  name(&request, "relay");
  request.ifr_qlen = QUEUE;
  must("the queue of the TUN device", call3(__NR_ioctl, socket, SIOCSIFTXQLEN, &request));
  name(&request, "eth0");
  must("asking for the MTU of eth0", call3(__NR_ioctl, socket, SIOCGIFMTU, &request));
  int mtu = request.ifr_mtu;
  name(&request, "relay");
  request.ifr_mtu = mtu;
  must("the MTU of the TUN device", call3(__NR_ioctl, socket, SIOCSIFMTU, &request));
  name(&request, "relay");
  request.ifr_flags = IFF_UP;
  must("bringing the TUN device up", call3(__NR_ioctl, socket, SIOCSIFFLAGS, &request));
  route(socket, slice, "eth0");
  /* More specific than the network's own route, which is for the whole range. */
  word half = range.bits + 1;
  route(socket, (struct range){range.base, half}, "relay");
  route(socket, (struct range){range.base | 1u << (32 - half), half}, "relay");
  call3(__NR_close, socket, 0, 0);
  return (int)tun;
}

static long seconds(void) {
  struct __kernel_timespec now;
  call3(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, &now, 0);
  return (long)now.tv_sec;
}

static void write_all(const byte *from, long size) {
  while (size > 0) {
    long written = call3(__NR_write, 1, from, size);
    if (written == -4 /* EINTR */) continue;
    /* Nobody reads any more. */
    if (written <= 0) leave(0);
    from += written;
    size -= written;
  }
}

/* Hands the whole packets of what has come to the device. Returns how many bytes of it those were. */
static long take_in(int tun, byte *input, long size) {
  long at = 0;
  while (size - at >= 2) {
    long length = input[at] << 8 | input[at + 1];
    if (size - at < 2 + length) break;
    if (length == 0) write_all(input + at, 2);
    /* What the kernel does not take is lost, as packets are. */
    else call3(__NR_write, tun, input + at + 2, length);
    at += 2 + length;
  }
  return at;
}

/* Hands on what the device has. */
static void take_out(int tun, byte *output) {
  long size = 0;
  while (size < BATCH) {
    long length = call3(__NR_read, tun, output + size + 2, PACKET_MAX);
    if (length <= 0) break;
    output[size] = (byte)(length >> 8);
    output[size + 1] = (byte)length;
    size += 2 + length;
  }
  write_all(output, size);
}

__attribute__((noreturn, used)) void relay(long *stack) {
  byte input[2 * (PACKET_MAX + 2)], output[BATCH + 2 + PACKET_MAX];
  if (stack[0] != 3) fail("usage: relay RANGE SLICE", -22);
  int tun = make_tun(parse((const char *)stack[2]), parse((const char *)stack[3]));
  struct pollfd files[2] = {{0, POLLIN, 0}, {tun, POLLIN, 0}};
  struct __kernel_timespec patience;
  long held = 0, heard = seconds();
  for (;;) {
    patience.tv_sec = SILENCE_SECONDS;
    patience.tv_nsec = 0;
    call(__NR_ppoll, (long)files, 2, (long)&patience, 0, 0, 0);
    if (files[0].revents != 0) {
      long size = call3(__NR_read, 0, input + held, sizeof input - (unsigned long)held);
      if (size == 0) leave(0);
      if (size > 0) {
        heard = seconds();
        held += size;
        long taken = take_in(tun, input, held);
        held -= taken;
        memmove(input, input + taken, (unsigned long)held);
      }
    }
    if (files[1].revents != 0) take_out(tun, output);
    if (seconds() - heard >= SILENCE_SECONDS) leave(0);
  }
}
