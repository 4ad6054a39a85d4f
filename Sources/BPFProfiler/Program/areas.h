// Areas of the address space: what is mapped at an address.
#pragma once

enum {
  AREA_IS_EXECUTABLE = 0x4,          // VM_EXEC
  UNREADABLE_AREA = 0x4000 | 0x400,  // VM_IO, VM_PFNMAP: a read may have effects on a device
};

struct area {
  u64 start;
  u64 end;
  // Of the start in the file, in bytes.
  u64 offset;
  u64 flags;
  u64 has_file;
  struct module_key key;
};

// Called with the lock of the address space held: must not touch the task's memory. What the helper hands on has to be on
// the stack, so it is where the area is.
static long describe_area(struct task_struct *task, struct vm_area_struct *vma, struct area **place) {
  struct area *area = *place;
  struct file *file = vma->vm_file;

  area->start = vma->vm_start;
  area->end = vma->vm_end;
  area->offset = vma->vm_pgoff << 12;
  area->flags = vma->vm_flags;
  area->has_file = file != NULL;
  area->key.inode = 0;
  area->key.size = 0;
  area->key.modification_seconds = 0;
  area->key.modification_nanoseconds = 0;
  area->key.device = 0;
  if (file) {
    struct inode *inode = file->f_inode;

    area->key.inode = inode->i_ino;
    area->key.size = inode->i_size;
    area->key.modification_seconds = inode->i_mtime_sec;
    area->key.modification_nanoseconds = inode->i_mtime_nsec;
    area->key.device = inode->i_sb->s_dev;
  }
  return 0;
}

// One attempt. Global, so that the verifier takes it once; the caller may sleep, this does not.
__noinline int try_area(u64 address, struct area *area) {
  if (!area) return 0;
  return bpf_find_vma(bpf_get_current_task_btf(), address, describe_area, &area, 0);
}

// The area that holds the address.
static __noinline long find_area(u64 address, struct area *area) {
  int attempt;

  bpf_for(attempt, 0, LOCK_ATTEMPTS) {
    u64 word;
    int error = try_area(address, area);

    if (!error) return 0;
    if (error != -EBUSY) return STATUS_NO_MAPPING;
    // bpf_find_vma only tries to get the lock. A copy by way of the task's pages waits for it, so that the writer is
    // through when the next attempt is made.
    bpf_copy_from_user_task(&word, sizeof(word), (void *)address, bpf_get_current_task_btf(), 0);
  }
  return STATUS_MAPPINGS_BUSY;
}
