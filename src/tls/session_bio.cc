// SPDX-License-Identifier: Apache-2.0
#include "tls/session_bio.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace daruma::tls {
namespace {

SessionState& state_of_bio(BIO* bio) {
  return *static_cast<SessionState*>(BIO_get_data(bio));
}

void note_first_bytes(SessionState& state, std::string_view bytes) {
  const size_t room = state.first_bytes.size() - state.first_bytes_count;
  const size_t count = std::min(room, bytes.size());
  std::copy_n(bytes.data(), count, state.first_bytes.data() + state.first_bytes_count);
  state.first_bytes_count = static_cast<uint8_t>(state.first_bytes_count + count);
}

int read_fed(BIO* bio, char* into, int size) {
  SessionState& state = state_of_bio(bio);
  BIO_clear_retry_flags(bio);
  if (state.input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t count = std::min(static_cast<size_t>(std::max(size, 0)), state.input.size());
  std::memcpy(into, state.input.data(), count);
  if (state.first_bytes_count < state.first_bytes.size()) {
    note_first_bytes(state, state.input.substr(0, count));
  }
  state.input.remove_prefix(count);
  if (state.input.empty()) state.kept.reset();
  return static_cast<int>(count);
}

// Without room the connection fails rather than grow: only a peer that asks for answers and never
// reads them gets there.
int write_out(BIO* bio, const char* bytes, int size) {
  SessionState& state = state_of_bio(bio);
  BIO_clear_retry_flags(bio);
  if (state.output == nullptr || size <= 0) return -1;
  const size_t count = static_cast<size_t>(size);
  if (state.output->size() + count > Buffer::size_max()) return -1;
  state.output->append({bytes, count});
  return size;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace

OwnedBioMethod make_bio_method() {
  OwnedBioMethod method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "daruma session"));
  DARUMA_ASSERT(method != nullptr);
  DARUMA_ASSERT(BIO_meth_set_read(method.get(), read_fed) == 1);
  DARUMA_ASSERT(BIO_meth_set_write(method.get(), write_out) == 1);
  DARUMA_ASSERT(BIO_meth_set_ctrl(method.get(), control) == 1);
  return method;
}

void attach_bio(SSL* ssl, const BIO_METHOD* method, SessionState& state) {
  BIO* bio = BIO_new(method);
  DARUMA_ASSERT(bio != nullptr);
  BIO_set_data(bio, &state);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, &state);
}

}  // namespace daruma::tls
