// On the host there is no kernel memory: every pointer in it is one and the same.
#pragma once

static u8 kernel_memory[4096];
#define BPF_CORE_READ(source, member) ((typeof((source)->member))(kernel_memory + sizeof(kernel_memory) / 2))
#define bpf_core_field_offset(type, member) __builtin_offsetof(type, member)
