// From an address to the file that it is in, and to where the rules of that file are.
#pragma once

// Writes the names from the file up to the root, across mounts. With the lock of the address space held, so that the
// file stays; it reads kernel memory only.
static long capture_path(struct task_struct *task, struct vm_area_struct *vma, struct walk **walk) {
  struct module_record *record = &(*walk)->headers.record;
  struct file *file = vma->vm_file;
  struct dentry *entry, *parent;
  struct vfsmount *point;
  u32 size = 0;
  int index;

  if (!file) return 0;
  entry = BPF_CORE_READ(file, f_path.dentry);
  point = BPF_CORE_READ(file, f_path.mnt);
  bpf_for(index, 0, PATH_COMPONENTS) {
    long length;

    if (entry == BPF_CORE_READ(point, mnt_root)) {
      struct mount *mount = container_of(point, struct mount, mnt);
      struct mount *outer = BPF_CORE_READ(mount, mnt_parent);

      if (outer == mount) break;
      entry = BPF_CORE_READ(mount, mnt_mountpoint);
      point = (struct vfsmount *)((void *)outer + bpf_core_field_offset(struct mount, mnt));
      continue;
    }
    parent = BPF_CORE_READ(entry, d_parent);
    if (parent == entry || size > PATH_BYTES - NAME_BYTES) break;
    length = bpf_probe_read_kernel_str(
        &record->path[size & (PATH_BYTES - 1)], NAME_BYTES, BPF_CORE_READ(entry, d_name.name));
    if (length <= 1) break;
    size += length;
    entry = parent;
  }
  record->path_size = size;
  return 0;
}

// Whether the file is what the current process executes.
static __always_inline bool is_program(struct task_struct *task, const struct module_key *key) {
  struct mm_struct *memory = task->mm;
  struct file *file = memory ? memory->exe_file : NULL;
  struct inode *inode = file ? file->f_inode : NULL;

  return inode && inode->i_ino == key->inode && inode->i_sb->s_dev == key->device;
}

// Reads a file for the first time, gives it a number, and tells user space of it.
static __noinline long add_module(struct walk *walk, struct area *area, struct module_key *key) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct module_record *record = &walk->headers.record;
  struct module_info *module = &walk->headers.module;
  long result = read_headers(walk, area);
  u32 size;

  // Its headers may be there another time.
  if (result) return result;
  if (!area->has_file) {
    // The vdso, or a library that a program has made for itself: only its build id tells it from others.
    if (record->build_id_size < 8) return STATUS_NO_RULES;
    key->inode = *(u64 *)record->build_id;
    key->size = area->end - area->start;
    if (bpf_map_lookup_elem(&modules, key)) return 0;
  }
  module->number = __sync_fetch_and_add(&last_module, 1) + 1;
  if (module->number >= 1 << (64 - FRAME_MODULE_SHIFT)) return STATUS_NO_RULES;
  walk->record.head.new_modules++;
  record->kind = RECORD_MODULE;
  record->number = module->number;
  record->inode = key->inode;
  record->size = key->size;
  record->device = key->device;
  record->modification_seconds = key->modification_seconds;
  record->modification_nanoseconds = key->modification_nanoseconds;
  record->start = area->start;
  record->end = area->end;
  record->offset = area->offset;
  record->pid = walk->record.head.pid;
  record->is_program = area->has_file && is_program(task, key);
  record->path_size = 0;
  bpf_find_vma(task, area->start, capture_path, &walk, 0);
  size = record->path_size;
  if (size > PATH_BYTES) return 0;
  // Before the number can be found: no stack with it may come earlier. When another thread was faster, its number is the
  // one, and this one is never used.
  if (bpf_ringbuf_output(&records, record, offsetof(struct module_record, path) + size, wake_up_flags())) COUNT(lost_modules, 1);
  bpf_map_update_elem(&modules, key, module, BPF_NOEXIST);
  return 0;
}

// Fills in a mapping from what is at its address now.
static __always_inline void open_mapping(struct walk *walk, struct mapping *mapping, struct area *area) {
  struct module_key key = area->key;
  struct module_info *module;
  u32 magic = 0;
  u64 inode;
  int index;

  mapping->start = area->start;
  mapping->end = area->end;
  mapping->offset = area->offset;
  mapping->key = area->key;
  mapping->bias = 0;
  mapping->number = 0;
  mapping->kind = MODULE_ANONYMOUS;
  mapping->is_stale = 0;
  if (!area->has_file && (read_memory(walk, &magic, sizeof(magic), area->start) || magic != ELF_MAGIC)) return;
  module = area->has_file ? bpf_map_lookup_elem(&modules, &key) : NULL;
  if (!module) {
    add_module(walk, area, &key);
    module = bpf_map_lookup_elem(&modules, &key);
    if (!module) {
      if (area->has_file) mapping->kind = MODULE_UNREADABLE;
      return;
    }
  }
  mapping->number = module->number;
  mapping->kind = MODULE_WITHOUT_RULES;
  for (index = 0; index < SEGMENTS; index++) {
    struct segment *segment = &module->segments[index];

    if (index >= module->segment_count) break;
    if (area->offset < segment->offset || area->offset >= segment->end) continue;
    mapping->bias = area->start - (area->offset + segment->displacement);
    mapping->kind = module->kind;
    mapping->table = mapping->bias + module->table;
    mapping->entry_count = module->entry_count;
    break;
  }
  // Some programs map a piece of their code a second time, away from its rules: V8 does so with its built-in functions.
  inode = area->key.inode;
  if (has_rules(mapping) && (find_area(mapping->table, area) || area->key.inode != inode))
    mapping->kind = MODULE_WITHOUT_RULES;
}

static __always_inline bool is_same_area(const struct mapping *mapping, const struct area *area) {
  return mapping->start == area->start && mapping->end == area->end && mapping->offset == area->offset &&
         mapping->key.inode == area->key.inode && mapping->key.device == area->key.device &&
         mapping->key.size == area->key.size &&
         mapping->key.modification_seconds == area->key.modification_seconds &&
         mapping->key.modification_nanoseconds == area->key.modification_nanoseconds;
}

// Makes `thread->last_mapping` the place of the mapping that holds the address. What the thread remembers from earlier
// walks is looked at again when it is first used in this one.
static __noinline long find_mapping(struct thread *thread, struct walk *walk, u64 address) {
  struct mapping *mapping = &thread->mappings[thread->last_mapping & (MAPPINGS - 1)];
  struct area area;
  int index;
  long result;

  if (address < mapping->start || address >= mapping->end) {
    // The place is read back from memory, since the verifier would follow each of its values by itself.
    for (index = 0; index < MAPPINGS; index++) {
      if (address < thread->mappings[index].start || address >= thread->mappings[index].end) continue;
      thread->last_mapping = index;
      break;
    }
    mapping = &thread->mappings[thread->last_mapping & (MAPPINGS - 1)];
  }
  if (address >= mapping->start && address < mapping->end && !mapping->is_stale) return 0;
  result = find_area(address, &area);
  if (result) return result;
  if (!(area.flags & AREA_IS_EXECUTABLE)) return STATUS_NOT_CODE;
  if (area.flags & UNREADABLE_AREA) return STATUS_DEVICE_MEMORY;
  if (is_same_area(mapping, &area)) {
    mapping->is_stale = 0;
    return 0;
  }
  if (address < mapping->start || address >= mapping->end) {
    thread->next_mapping++;
    thread->last_mapping = thread->next_mapping;
    mapping = &thread->mappings[thread->last_mapping & (MAPPINGS - 1)];
  }
  open_mapping(walk, mapping, &area);
  return 0;
}
