// The headers of an ELF file as they lie in memory: where its code, its rules and its build id are.
#pragma once

enum {
  ELF_MAGIC = 0x464c457f,
  ELF_CLASS_64 = 2,
  ELF_LITTLE_ENDIAN = 1,
  ELF_MACHINE_X86_64 = 62,
  SEGMENT_LOAD = 1,
  SEGMENT_NOTE = 4,
  SEGMENT_EH_FRAME = 0x6474e550,
  SEGMENT_IS_EXECUTABLE = 1,
  NOTE_BUILD_ID = 3,
  NOTE_NAME_GNU = 0x554e47,
};

struct elf_header {
  u32 magic;
  u8 class;
  u8 data;
  u8 reserved[10];
  u16 type;
  u16 machine;
  u32 version;
  u64 entry;
  u64 program_headers;
  u64 section_headers;
  u32 flags;
  u16 header_size;
  u16 program_header_size;
  u16 program_header_count;
  u16 sections[3];
};

struct program_header {
  u32 type;
  u32 flags;
  u64 offset;
  u64 address;
  u64 physical_address;
  u64 file_size;
  u64 memory_size;
  u64 alignment;
};

// Takes the build id from a segment of notes that lies in the window, if it has one.
__noinline int take_build_id(struct cfi *cfi, struct module_record *record) {
  u32 position = 0;
  int note, index;

  if (!cfi || !record) return 0;
  for (note = 0; note < NOTES; note++) {
    u32 *words = (u32 *)(cfi->bytes + (position & (WINDOW_BYTES - 4)));
    u32 name_size, size;

    if (position > WINDOW_BYTES - 64 || position + 16 > cfi->valid) return 0;
    name_size = words[0];
    size = words[1];
    if (name_size > WINDOW_BYTES || size > WINDOW_BYTES) return 0;
    if (words[2] == NOTE_BUILD_ID && name_size == 4 && words[3] == NOTE_NAME_GNU) {
      if (position + 16 + size > cfi->valid || size > BUILD_ID_BYTES) return 0;
      for (index = 0; index < BUILD_ID_BYTES; index++) {
        record->build_id[index] = index < size ? byte_at(cfi, position + 16 + index) : 0;
      }
      record->build_id_size = size;
      return 0;
    }
    position += 12 + ((name_size + 3) & ~3u) + ((size + 3) & ~3u);
  }
  return 0;
}

static __always_inline bool is_same_file(const struct area *one, const struct area *other) {
  return one->key.inode == other->key.inode && one->key.device == other->key.device;
}

// Where the file's headers are in memory. The area that holds code may be another than that with the headers.
static __always_inline long find_headers(struct walk *walk, struct area *area) {
  struct headers *headers = &walk->headers;
  struct area other = *area;
  int index;

  headers->start = area->start;
  bpf_for(index, 0, MAPPINGS_BACK) {
    if (other.offset == 0) return 0;
    // Behind a gap they are where a file that is mapped in one piece would have them.
    if (find_area(headers->start - 1, &other) || !is_same_file(&other, area)) {
      headers->start = area->start - area->offset;
      if (find_area(headers->start, &other) || !is_same_file(&other, area)) return STATUS_NO_MAPPING;
      return other.offset || (other.flags & UNREADABLE_AREA) ? STATUS_NO_MAPPING : 0;
    }
    headers->start = other.start;
  }
  return STATUS_NO_MAPPING;
}

// Takes from one program header what matters.
static __noinline long read_program_header(struct walk *walk, u32 index) {
  struct headers *headers = &walk->headers;
  struct module_info *module = &headers->module;
  struct program_header entry;
  u64 address = headers->start + headers->program_headers + index * sizeof(entry);
  u32 count = module->segment_count;
  long result;

  result = read_memory(walk, &entry, sizeof(entry), address);
  if (result) return result;
  switch (entry.type) {
    case SEGMENT_LOAD:
      // The first segment has the headers.
      if (!headers->has_bias) headers->bias = headers->start - (entry.address - entry.offset);
      headers->has_bias = 1;
      if (!(entry.flags & SEGMENT_IS_EXECUTABLE) || count >= SEGMENTS) break;
      module->segments[count].offset = entry.offset & ~4095ull;
      module->segments[count].end = entry.offset + entry.file_size;
      module->segments[count].displacement = entry.address - entry.offset;
      module->segment_count = count + 1;
      break;
    case SEGMENT_EH_FRAME:
      headers->table = entry.address;
      break;
    case SEGMENT_NOTE:
      if (!headers->has_bias || headers->record.build_id_size) break;
      result = open_bytes(walk, headers->bias + entry.address, entry.file_size);
      if (!result) take_build_id(&walk->cfi, &headers->record);
      else if (result == STATUS_BYTE_BUDGET || !walk->may_fault) return result;
      break;
  }
  return 0;
}

static __noinline long search_rules(struct walk *walk);

// Reads the headers of the file that `area` is a part of, into `walk->headers`.
static __noinline long read_headers(struct walk *walk, struct area *area) {
  struct headers *headers = &walk->headers;
  struct elf_header header;
  struct {
    u8 version;
    u8 pointer_encoding;
    u8 count_encoding;
    u8 table_encoding;
    s32 pointer;
    u32 count;
  } head;
  int index;

  headers->has_bias = 0;
  headers->table = 0;
  headers->record.build_id_size = 0;
  headers->module.segment_count = 0;
  headers->module.kind = MODULE_WITHOUT_RULES;
  if (find_headers(walk, area)) return STATUS_NO_MAPPING;
  if (read_memory(walk, &header, sizeof(header), headers->start)) return STATUS_UNREADABLE_RULES;
  if (header.magic != ELF_MAGIC || header.class != ELF_CLASS_64 || header.data != ELF_LITTLE_ENDIAN ||
      header.machine != ELF_MACHINE_X86_64 || header.program_header_size != sizeof(struct program_header))
    return 0;
  headers->program_headers = header.program_headers;
  headers->program_header_count = header.program_header_count;
  bpf_for(index, 0, PROGRAM_HEADERS) {
    long result;

    if (index >= headers->program_header_count) break;
    // A file of which not all is seen now is looked at another time.
    result = read_program_header(walk, index);
    if (result) return result;
  }
  if (!headers->has_bias) return 0;
  if (!headers->table) return search_rules(walk);
  if (read_memory(walk, &head, sizeof(head), headers->bias + headers->table)) return STATUS_UNREADABLE_RULES;
  // Every linker writes this form: sorted pairs of 32 bits, relative to the header.
  if (head.version != 1 || head.count_encoding != DW_EH_PE_udata4 ||
      head.table_encoding != (DW_EH_PE_datarel | DW_EH_PE_sdata4))
    return 0;
  headers->module.kind = MODULE_WITH_RULES;
  headers->module.table = headers->table;
  headers->module.entry_count = head.count;
  return 0;
}
