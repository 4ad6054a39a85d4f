extension CarriedHeaders {
  /// `<bpf/bpf_core_read.h>`: reads whose offsets are settled at load.
  static let coreRead = #"""
    /*
     * Reads of kernel memory whose offsets are settled when the program is loaded ("compile once, run everywhere").
     */
    #ifndef __BPF_CORE_READ_H__
    #define __BPF_CORE_READ_H__

    #include <bpf/bpf_helpers.h>

    /* The second argument of the compiler's builtins. */
    enum bpf_field_info_kind {
      BPF_FIELD_BYTE_OFFSET,
      BPF_FIELD_BYTE_SIZE,
      BPF_FIELD_EXISTS,
      BPF_FIELD_SIGNED,
      BPF_FIELD_LSHIFT_U64,
      BPF_FIELD_RSHIFT_U64,
    };
    enum bpf_type_id_kind { BPF_TYPE_ID_LOCAL, BPF_TYPE_ID_TARGET };
    enum bpf_type_info_kind { BPF_TYPE_EXISTS, BPF_TYPE_SIZE, BPF_TYPE_MATCHES };
    enum bpf_enum_value_kind { BPF_ENUMVAL_EXISTS, BPF_ENUMVAL_VALUE };

    /* Questions about a member: given as an expression, or as a type and the path in it. */
    #define ___core_member1(expression) (expression)
    #define ___core_member2(type, path) (((typeof(type) *)0)->path)
    #define ___core_member(args...) ___bpf_apply(___core_member, ___bpf_narg(args))(args)
    #define ___core_ask(kind, args...) __builtin_preserve_field_info(___core_member(args), kind)

    #define bpf_core_field_exists(field...) ___core_ask(BPF_FIELD_EXISTS, field)
    #define bpf_core_field_size(field...) ___core_ask(BPF_FIELD_BYTE_SIZE, field)
    #define bpf_core_field_offset(field...) ___core_ask(BPF_FIELD_BYTE_OFFSET, field)

    /* Questions about a type and about an enumerator. */
    #define ___core_type(type) ((typeof(type) *)0)
    #define bpf_core_type_id_local(type) __builtin_btf_type_id(*___core_type(type), BPF_TYPE_ID_LOCAL)
    #define bpf_core_type_id_kernel(type) __builtin_btf_type_id(*___core_type(type), BPF_TYPE_ID_TARGET)
    #define bpf_core_type_exists(type) __builtin_preserve_type_info(*___core_type(type), BPF_TYPE_EXISTS)
    #define bpf_core_type_matches(type) __builtin_preserve_type_info(*___core_type(type), BPF_TYPE_MATCHES)
    #define bpf_core_type_size(type) __builtin_preserve_type_info(*___core_type(type), BPF_TYPE_SIZE)
    #define bpf_core_enum_value_exists(enum_type, enum_value)                                                          \
      __builtin_preserve_enum_value(*(typeof(enum_type) *)enum_value, BPF_ENUMVAL_EXISTS)
    #define bpf_core_enum_value(enum_type, enum_value)                                                                 \
      __builtin_preserve_enum_value(*(typeof(enum_type) *)enum_value, BPF_ENUMVAL_VALUE)

    /* A pointer of a type, from one that the verifier knows nothing about. */
    extern void *bpf_rdonly_cast(const void *obj__ign, __u32 btf_id__k) __ksym __weak;
    #define bpf_core_cast(ptr, type) ((typeof(type) *)bpf_rdonly_cast((void *)(ptr), bpf_core_type_id_kernel(type)))

    /* Single reads. */
    #define bpf_core_read(dst, sz, src)                                                                                \
      bpf_probe_read_kernel(dst, sz, (const void *)__builtin_preserve_access_index(src))
    #define bpf_core_read_user(dst, sz, src)                                                                           \
      bpf_probe_read_user(dst, sz, (const void *)__builtin_preserve_access_index(src))
    #define bpf_core_read_str(dst, sz, src)                                                                            \
      bpf_probe_read_kernel_str(dst, sz, (const void *)__builtin_preserve_access_index(src))
    #define bpf_core_read_user_str(dst, sz, src)                                                                       \
      bpf_probe_read_user_str(dst, sz, (const void *)__builtin_preserve_access_index(src))

    /* The member at the end of a chain of pointers, for its type: src->a->b. */
    #define ___core_chain1(p) p
    #define ___core_chain2(p, a) p->a
    #define ___core_chain3(p, a, b) p->a->b
    #define ___core_chain4(p, a, b, c) p->a->b->c
    #define ___core_chain5(p, a, b, c, d) p->a->b->c->d
    #define ___core_chain6(p, a, b, c, d, e) p->a->b->c->d->e
    #define ___core_chain7(p, a, b, c, d, e, f) p->a->b->c->d->e->f
    #define ___core_chain8(p, a, b, c, d, e, f, g) p->a->b->c->d->e->f->g
    #define ___core_chain9(p, a, b, c, d, e, f, g, h) p->a->b->c->d->e->f->g->h
    #define ___core_chain10(p, a, b, c, d, e, f, g, h, i) p->a->b->c->d->e->f->g->h->i
    #define ___core_chain(args...) ___bpf_apply(___core_chain, ___bpf_narg(args))(args)

    /*
     * Follows a chain: `hop` reads each pointer on the way, `last` what is at the end. `type` is the type of `p`,
     * which is an untyped pointer from the second step on. Each step has a pointer of its own name, so that none
     * hides another, and a macro of its own, since a macro cannot call itself.
     */
    #define ___core_at(type, p, a) &((type)(p))->a
    #define ___core_walk2(last, hop, dst, type, p, a) last((void *)(dst), sizeof(*(dst)), ___core_at(type, p, a))
    #define ___core_walk3(last, hop, dst, type, p, a, rest...)                                                         \
      ({                                                                                                               \
        const void *___p3;                                                                                             \
        hop((void *)&___p3, sizeof(___p3), ___core_at(type, p, a));                                                    \
        ___core_walk2(last, hop, dst, typeof(((type)(p))->a), ___p3, rest);                                            \
      })
    #define ___core_walk4(last, hop, dst, type, p, a, rest...)                                                         \
      ({                                                                                                               \
        const void *___p4;                                                                                             \
        hop((void *)&___p4, sizeof(___p4), ___core_at(type, p, a));                                                    \
        ___core_walk3(last, hop, dst, typeof(((type)(p))->a), ___p4, rest);                                            \
      })
    #define ___core_walk5(last, hop, dst, type, p, a, rest...)                                                         \
      ({                                                                                                               \
        const void *___p5;                                                                                             \
        hop((void *)&___p5, sizeof(___p5), ___core_at(type, p, a));                                                    \
        ___core_walk4(last, hop, dst, typeof(((type)(p))->a), ___p5, rest);                                            \
      })
    #define ___core_walk6(last, hop, dst, type, p, a, rest...)                                                         \
      ({                                                                                                               \
        const void *___p6;                                                                                             \
        hop((void *)&___p6, sizeof(___p6), ___core_at(type, p, a));                                                    \
        ___core_walk5(last, hop, dst, typeof(((type)(p))->a), ___p6, rest);                                            \
      })
    #define ___core_walk7(last, hop, dst, type, p, a, rest...)                                                         \
      ({                                                                                                               \
        const void *___p7;                                                                                             \
        hop((void *)&___p7, sizeof(___p7), ___core_at(type, p, a));                                                    \
        ___core_walk6(last, hop, dst, typeof(((type)(p))->a), ___p7, rest);                                            \
      })
    #define ___core_walk8(last, hop, dst, type, p, a, rest...)                                                         \
      ({                                                                                                               \
        const void *___p8;                                                                                             \
        hop((void *)&___p8, sizeof(___p8), ___core_at(type, p, a));                                                    \
        ___core_walk7(last, hop, dst, typeof(((type)(p))->a), ___p8, rest);                                            \
      })
    #define ___core_walk9(last, hop, dst, type, p, a, rest...)                                                         \
      ({                                                                                                               \
        const void *___p9;                                                                                             \
        hop((void *)&___p9, sizeof(___p9), ___core_at(type, p, a));                                                    \
        ___core_walk8(last, hop, dst, typeof(((type)(p))->a), ___p9, rest);                                            \
      })
    #define ___core_walk10(last, hop, dst, type, p, a, rest...)                                                        \
      ({                                                                                                               \
        const void *___p10;                                                                                            \
        hop((void *)&___p10, sizeof(___p10), ___core_at(type, p, a));                                                  \
        ___core_walk9(last, hop, dst, typeof(((type)(p))->a), ___p10, rest);                                           \
      })
    #define ___core_read_into(last, hop, dst, src, path...)                                                            \
      ___bpf_apply(___core_walk, ___bpf_narg(src, path))(last, hop, dst, typeof(src), src, path)
    #define ___core_read(last, hop, src, path...)                                                                      \
      ({                                                                                                               \
        ___bpf_typeof(___core_chain((src), path)) ___result;                                                           \
        ___core_read_into(last, hop, &___result, src, path);                                                           \
        ___result;                                                                                                     \
      })

    /* BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino) is task->mm->exe_file->f_inode->i_ino. */
    #define BPF_CORE_READ(src, path...) ___core_read(bpf_core_read, bpf_core_read, src, path)
    #define BPF_CORE_READ_INTO(dst, src, path...) ___core_read_into(bpf_core_read, bpf_core_read, dst, src, path)
    #define BPF_CORE_READ_STR_INTO(dst, src, path...)                                                                  \
      ___core_read_into(bpf_core_read_str, bpf_core_read, dst, src, path)

    /* The same in user memory, for structures whose layout is the kernel's. */
    #define BPF_CORE_READ_USER(src, path...) ___core_read(bpf_core_read_user, bpf_core_read_user, src, path)
    #define BPF_CORE_READ_USER_INTO(dst, src, path...)                                                                 \
      ___core_read_into(bpf_core_read_user, bpf_core_read_user, dst, src, path)
    #define BPF_CORE_READ_USER_STR_INTO(dst, src, path...)                                                             \
      ___core_read_into(bpf_core_read_user_str, bpf_core_read_user, dst, src, path)

    /* The same with the offsets of this compilation. */
    #define BPF_PROBE_READ(src, path...) ___core_read(bpf_probe_read_kernel, bpf_probe_read_kernel, src, path)
    #define BPF_PROBE_READ_INTO(dst, src, path...)                                                                     \
      ___core_read_into(bpf_probe_read_kernel, bpf_probe_read_kernel, dst, src, path)
    #define BPF_PROBE_READ_STR_INTO(dst, src, path...)                                                                 \
      ___core_read_into(bpf_probe_read_kernel_str, bpf_probe_read_kernel, dst, src, path)
    #define BPF_PROBE_READ_USER(src, path...) ___core_read(bpf_probe_read_user, bpf_probe_read_user, src, path)
    #define BPF_PROBE_READ_USER_INTO(dst, src, path...)                                                                \
      ___core_read_into(bpf_probe_read_user, bpf_probe_read_user, dst, src, path)
    #define BPF_PROBE_READ_USER_STR_INTO(dst, src, path...)                                                            \
      ___core_read_into(bpf_probe_read_user_str, bpf_probe_read_user, dst, src, path)

    /*
     * Bit fields. The relocations give the bytes that hold the field, and by how much to shift them left and back
     * right to keep the field alone, with its sign.
     */
    #define ___core_bits(s, field, kind) __builtin_preserve_field_info((s)->field, kind)
    #if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    #define ___core_bits_start(word, s, field) ((void *)(word))
    #else
    #define ___core_bits_start(word, s, field)                                                                         \
      ((void *)(word) + (8 - ___core_bits(s, field, BPF_FIELD_BYTE_SIZE)))
    #endif
    #define ___core_bits_value(word, s, field)                                                                         \
      ({                                                                                                               \
        (word) <<= ___core_bits(s, field, BPF_FIELD_LSHIFT_U64);                                                       \
        ___core_bits(s, field, BPF_FIELD_SIGNED)                                                                       \
            ? (unsigned long long)((long long)(word) >> ___core_bits(s, field, BPF_FIELD_RSHIFT_U64))                  \
            : (word) >> ___core_bits(s, field, BPF_FIELD_RSHIFT_U64);                                                  \
      })
    #define ___core_bits_address(s, field) ((void *)(s) + ___core_bits(s, field, BPF_FIELD_BYTE_OFFSET))

    /* From memory that has to be probed. */
    #define BPF_CORE_READ_BITFIELD_PROBED(s, field)                                                                    \
      ({                                                                                                               \
        unsigned long long ___word = 0;                                                                                \
        bpf_probe_read_kernel(___core_bits_start(&___word, s, field), ___core_bits(s, field, BPF_FIELD_BYTE_SIZE),     \
                              ___core_bits_address(s, field));                                                         \
        ___core_bits_value(___word, s, field);                                                                         \
      })

    /* From memory that the program may read as it is, such as a context. */
    #define BPF_CORE_READ_BITFIELD(s, field)                                                                           \
      ({                                                                                                               \
        const void *___address = ___core_bits_address(s, field);                                                       \
        unsigned long long ___word = 0;                                                                                \
        asm volatile("" : "+r"(___address));                                                                           \
        switch (___core_bits(s, field, BPF_FIELD_BYTE_SIZE)) {                                                         \
        case 1: ___word = *(const unsigned char *)___address; break;                                                   \
        case 2: ___word = *(const unsigned short *)___address; break;                                                  \
        case 4: ___word = *(const unsigned int *)___address; break;                                                    \
        case 8: ___word = *(const unsigned long long *)___address; break;                                              \
        }                                                                                                              \
        ___core_bits_value(___word, s, field);                                                                         \
      })

    /* Into memory that the program may write. The field keeps its neighbours. */
    #define BPF_CORE_WRITE_BITFIELD(s, field, value)                                                                   \
      ({                                                                                                               \
        void *___address = ___core_bits_address(s, field);                                                             \
        const unsigned int ___size = ___core_bits(s, field, BPF_FIELD_BYTE_SIZE);                                      \
        const unsigned int ___left = ___core_bits(s, field, BPF_FIELD_LSHIFT_U64);                                     \
        const unsigned int ___right = ___core_bits(s, field, BPF_FIELD_RSHIFT_U64);                                    \
        const unsigned long long ___mask = (~0ULL << ___right) >> ___left;                                             \
        const unsigned long long ___bits = ((unsigned long long)(value) << ___right) >> ___left;                       \
        unsigned long long ___word = 0;                                                                                \
        asm volatile("" : "+r"(___address));                                                                           \
        switch (___size) {                                                                                             \
        case 1: ___word = *(unsigned char *)___address; break;                                                         \
        case 2: ___word = *(unsigned short *)___address; break;                                                        \
        case 4: ___word = *(unsigned int *)___address; break;                                                          \
        case 8: ___word = *(unsigned long long *)___address; break;                                                    \
        }                                                                                                              \
        ___word = (___word & ~___mask) | ___bits;                                                                      \
        switch (___size) {                                                                                             \
        case 1: *(unsigned char *)___address = ___word; break;                                                         \
        case 2: *(unsigned short *)___address = ___word; break;                                                        \
        case 4: *(unsigned int *)___address = ___word; break;                                                          \
        case 8: *(unsigned long long *)___address = ___word; break;                                                    \
        }                                                                                                              \
      })

    #endif
    """#
}
