// The program of the sandbox image, for Linux on arm64. See write-sandbox-program.ts.
.globl _start
_start:
  ldr x0, [sp]                // argc
  cmp x0, #1
  b.hi killer
  mov x9, #0x4002             // {INT, TERM, CHLD}
  movk x9, #0x1, lsl #16
  str x9, [sp, #-16]!
  mov x0, #0                  // rt_sigprocmask(SIG_BLOCK, &set, NULL, 8)
  mov x1, sp
  mov x2, #0
  mov x3, #8
  mov x8, #135
  svc #0
wait:
  mov x0, sp                  // rt_sigtimedwait(&set, NULL, NULL, 8)
  mov x1, #0
  mov x2, #0
  mov x3, #8
  mov x8, #137
  svc #0
  cmp w0, #17                 // SIGCHLD: somebody's child became ours and has ended
  b.eq reap
  tbnz w0, #31, wait          // interrupted
leave:
  mov x0, #0                  // exit(0)
  mov x8, #93
  svc #0
reap:
  mov x0, #-1                 // wait4(-1, NULL, WNOHANG, NULL)
  mov x1, #0
  mov x2, #1
  mov x3, #0
  mov x8, #260
  svc #0
  cmp w0, #0
  b.gt reap
  b wait
killer:                       // argv[1] is the number of a process: its group and itself get SIGKILL
  ldr x1, [sp, #16]
  mov w9, #0
  mov w10, #10
digit:
  ldrb w2, [x1], #1
  sub w2, w2, #48
  cmp w2, #9
  b.hi kill
  madd w9, w9, w10, w2
  b digit
kill:
  neg w0, w9                  // kill(-pid, SIGKILL)
  mov x1, #9
  mov x8, #129
  svc #0
  mov w0, w9                  // kill(pid, SIGKILL)
  mov x1, #9
  mov x8, #129
  svc #0
  b leave
