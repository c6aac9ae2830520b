# The program of the sandbox image, for Linux on amd64. See write-sandbox-program.ts.
.intel_syntax noprefix
.globl _start
_start:
  cmp dword ptr [rsp], 1      # argc
  ja killer
  push 14                     # rt_sigprocmask(SIG_BLOCK, {INT, TERM, CHLD}, NULL, 8)
  pop rax
  xor edi, edi
  push 0x14002
  mov rsi, rsp
  xor edx, edx
  push 8
  pop r10
  syscall
wait:
  mov eax, 128                # rt_sigtimedwait(&set, NULL, NULL, 8)
  mov rdi, rsp
  xor esi, esi
  xor edx, edx
  push 8
  pop r10
  syscall
  cmp eax, 17                 # SIGCHLD: somebody's child became ours and has ended
  je reap
  test eax, eax
  js wait                     # interrupted
leave:
  push 60                     # exit(0)
  pop rax
  xor edi, edi
  syscall
reap:
  push 61                     # wait4(-1, NULL, WNOHANG, NULL)
  pop rax
  or rdi, -1
  xor esi, esi
  push 1
  pop rdx
  xor r10d, r10d
  syscall
  test eax, eax
  jg reap
  jmp wait
killer:                       # argv[1] is the number of a process: its group and itself get SIGKILL
  mov rsi, [rsp + 16]
  xor ebx, ebx
digit:
  xor eax, eax
  lodsb
  sub al, 48
  cmp al, 9
  ja kill
  imul ebx, ebx, 10
  add ebx, eax
  jmp digit
kill:
  mov edi, ebx
  neg edi
  push 9
  pop rsi
  push 62                     # kill(-pid, SIGKILL)
  pop rax
  syscall
  mov edi, ebx
  push 62                     # kill(pid, SIGKILL)
  pop rax
  syscall
  jmp leave
