// Objects of the program's own type in a list, a tree and a pointer of a map value, for both kernels.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "bpf_experimental.h"

char LICENSE[] SEC("license") = "GPL";

#define container_of(pointer, type, member) ((type *)((void *)(pointer) - __builtin_offsetof(type, member)))

extern struct bpf_list_node *bpf_list_front(struct bpf_list_head *head) __weak __ksym;
extern struct bpf_list_node *bpf_list_back(struct bpf_list_head *head) __weak __ksym;
extern struct bpf_rb_node *bpf_rbtree_root(struct bpf_rb_root *root) __weak __ksym;
extern struct bpf_rb_node *bpf_rbtree_left(struct bpf_rb_root *root, struct bpf_rb_node *node) __weak __ksym;
extern struct bpf_rb_node *bpf_rbtree_right(struct bpf_rb_root *root, struct bpf_rb_node *node) __weak __ksym;

struct item {
  u64 key;
  struct bpf_list_node list;
  struct bpf_rb_node tree;
  struct bpf_refcount count;
};

struct state {
  struct bpf_spin_lock lock;
  struct bpf_list_head head __contains(item, list);
  struct bpf_rb_root root __contains(item, tree);
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct state);
} states SEC(".maps");

struct pocket {
  struct item __kptr *item;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, u32);
  __type(value, struct pocket);
} pockets SEC(".maps");

// The context of all programs.
struct request {
  s64 result;
  u64 key;
  u64 at_end;
  u64 keys[7];
};

static const u32 zero = 0;

static struct state *state(void) { return bpf_map_lookup_elem(&states, &zero); }

static struct item *item(u64 key) {
  struct item *made = bpf_obj_new(struct item);
  if (made) made->key = key;
  return made;
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  return container_of(a, struct item, tree)->key < container_of(b, struct item, tree)->key;
}

SEC("syscall")
int push(struct request *request) {
  struct state *s = state();
  struct item *i = item(request->key);
  bool at_end = request->at_end;
  int result;
  if (!i) return 0;
  if (!s) {
    bpf_obj_drop(i);
    return 0;
  }
  bpf_spin_lock(&s->lock);
  result = at_end ? bpf_list_push_back(&s->head, &i->list) : bpf_list_push_front(&s->head, &i->list);
  bpf_spin_unlock(&s->lock);
  request->result = result;
  return 0;
}

// The key of what was first or last; -1 when there is nothing.
SEC("syscall")
int pop(struct request *request) {
  struct state *s = state();
  bool at_end = request->at_end;
  struct bpf_list_node *node;
  if (!s) return 0;
  bpf_spin_lock(&s->lock);
  node = at_end ? bpf_list_pop_back(&s->head) : bpf_list_pop_front(&s->head);
  bpf_spin_unlock(&s->lock);
  request->result = -1;
  if (!node) return 0;
  struct item *i = container_of(node, struct item, list);
  request->result = i->key;
  bpf_obj_drop(i);
  return 0;
}

// The keys at both ends of the list.
SEC("syscall")
int ends(struct request *request) {
  struct state *s = state();
  u64 first = 0, last = 0;
  struct bpf_list_node *node;
  if (!s) return 0;
  bpf_spin_lock(&s->lock);
  node = bpf_list_front(&s->head);
  if (node) first = container_of(node, struct item, list)->key;
  node = bpf_list_back(&s->head);
  if (node) last = container_of(node, struct item, list)->key;
  bpf_spin_unlock(&s->lock);
  request->keys[0] = first;
  request->keys[1] = last;
  return 0;
}

// A second push of a node that is in the list already.
SEC("syscall")
int push_twice(struct request *request) {
  struct state *s = state();
  struct item *i, *same;
  int first, second;
  if (!s) return 0;
  i = item(request->key);
  if (!i) return 0;
  same = bpf_refcount_acquire(i);
  if (!same) {
    bpf_obj_drop(i);
    return 0;
  }
  bpf_spin_lock(&s->lock);
  first = bpf_list_push_back(&s->head, &i->list);
  second = bpf_list_push_back(&s->head, &same->list);
  bpf_spin_unlock(&s->lock);
  request->keys[0] = first;
  request->result = second;
  return 0;
}

// One object in the list and in the tree.
SEC("syscall")
int push_and_add(struct request *request) {
  struct state *s = state();
  struct item *i, *same;
  if (!s) return 0;
  i = item(request->key);
  if (!i) return 0;
  same = bpf_refcount_acquire(i);
  if (!same) {
    bpf_obj_drop(i);
    return 0;
  }
  bpf_spin_lock(&s->lock);
  bpf_list_push_back(&s->head, &i->list);
  bpf_rbtree_add(&s->root, &same->tree, less);
  bpf_spin_unlock(&s->lock);
  return 0;
}

SEC("syscall")
int add(struct request *request) {
  struct state *s = state();
  struct item *i = item(request->key);
  int result;
  if (!i) return 0;
  if (!s) {
    bpf_obj_drop(i);
    return 0;
  }
  bpf_spin_lock(&s->lock);
  result = bpf_rbtree_add(&s->root, &i->tree, less);
  bpf_spin_unlock(&s->lock);
  request->result = result;
  return 0;
}

// Takes the object with a key out of the tree; 1 when there was one within five steps.
SEC("syscall")
int take(struct request *request) {
  struct state *s = state();
  u64 key = request->key;
  struct bpf_rb_node *node;
  if (!s) return 0;
  bpf_spin_lock(&s->lock);
  node = bpf_rbtree_root(&s->root);
  for (int step = 0; step < 5 && node; step++) {
    u64 here = container_of(node, struct item, tree)->key;
    if (here == key) break;
    node = key < here ? bpf_rbtree_left(&s->root, node) : bpf_rbtree_right(&s->root, node);
  }
  if (node) node = bpf_rbtree_remove(&s->root, node);
  bpf_spin_unlock(&s->lock);
  request->result = 0;
  if (!node) return 0;
  struct item *i = container_of(node, struct item, tree);
  request->result = i->key == key ? 1 : -1;
  bpf_obj_drop(i);
  return 0;
}

// The least key, and the keys of the tree's upper three rows.
SEC("syscall")
int shape(struct request *request) {
  struct state *s = state();
  u64 least = 0, keys[7] = {};
  struct bpf_rb_node *node, *side, *leaf;
  if (!s) return 0;
  bpf_spin_lock(&s->lock);
  node = bpf_rbtree_first(&s->root);
  if (node) least = container_of(node, struct item, tree)->key;
  node = bpf_rbtree_root(&s->root);
  if (node) {
    keys[0] = container_of(node, struct item, tree)->key;
    side = bpf_rbtree_left(&s->root, node);
    if (side) {
      keys[1] = container_of(side, struct item, tree)->key;
      leaf = bpf_rbtree_left(&s->root, side);
      if (leaf) keys[3] = container_of(leaf, struct item, tree)->key;
      leaf = bpf_rbtree_right(&s->root, side);
      if (leaf) keys[4] = container_of(leaf, struct item, tree)->key;
    }
    side = bpf_rbtree_right(&s->root, node);
    if (side) {
      keys[2] = container_of(side, struct item, tree)->key;
      leaf = bpf_rbtree_left(&s->root, side);
      if (leaf) keys[5] = container_of(leaf, struct item, tree)->key;
      leaf = bpf_rbtree_right(&s->root, side);
      if (leaf) keys[6] = container_of(leaf, struct item, tree)->key;
    }
  }
  bpf_spin_unlock(&s->lock);
  request->result = least;
  for (int i = 0; i < 7; i++) request->keys[i] = keys[i];
  return 0;
}

// Puts an object with the key into a map value, or none for 0; the key of what was there, or -1.
SEC("syscall")
int exchange(struct request *request) {
  struct pocket *pocket = bpf_map_lookup_elem(&pockets, &zero);
  struct item *new = NULL, *old;
  if (!pocket) return 0;
  if (request->key) {
    new = item(request->key);
    if (!new) return 0;
  }
  old = bpf_kptr_xchg(&pocket->item, new);
  request->result = -1;
  if (!old) return 0;
  request->result = old->key;
  bpf_obj_drop(old);
  return 0;
}

// What is made and never given back.
SEC("?syscall")
int leak(struct request *request) {
  struct item *i = item(request->key);
  return i ? 1 : 0;
}
