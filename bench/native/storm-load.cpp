// Peers of handfast/1 that dial, shake hands, cut the connection and dial again, at as little cost as may be, so that a listener on the same cores has far more to do than they. The dialling side of
// docs/protocols/handfast.md, all of it: the listener's proof is opened and verified, and a handshake counts once the listener's own OPEN has been read. What several want done is done by one call.
// Arguments: port, network, the listener's public key in hex, connections at once. Each line of its input is a number of milliseconds, answered by a line of JSON once so much time has passed and the
// last connection has opened. Anything that is not as it should be ends it with exit code 1.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/ed25519.h"

using handfast::Op;
using handfast::Work;

namespace {

constexpr size_t kPeers = 2048;  // far more than connect at once: none is back before a listener that stands still for a while has seen it go
constexpr size_t kHash = 64, kTag = 16, kProof = 32 + 8 + 2 + 64, kClaim = 42, kReplyHead = 37, kReply = kReplyHead + kProof + kTag;
constexpr uint8_t kHello = 1, kReplyFrame = 2, kFinish = 3, kOpen = 0;
constexpr uint8_t kChaCha = 1, kAes = 2;

[[noreturn]] void Fail(const char* why) {
  std::fprintf(stderr, "storm-load: %s\n", why);
  std::exit(1);
}

void Expect(bool held, const char* why) {
  if (!held) Fail(why);
}

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

uint64_t Milliseconds() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

double ProcessorMicroseconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return 1e6 * (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

// "handfast/1 ", the name, a zero byte.
std::string Label(const char* name) { return std::string("handfast/1 ") + name + '\0'; }

struct Hash {
  crypto_generichash_state state;
  Hash() { crypto_generichash_init(&state, nullptr, 0, kHash); }
  Hash& Add(const void* data, size_t size) {
    crypto_generichash_update(&state, static_cast<const uint8_t*>(data), size);
    return *this;
  }
  Hash& Add(const std::string& text) { return Add(text.data(), text.size()); }
  void Into(uint8_t out[kHash]) { crypto_generichash_final(&state, out, kHash); }
};

void Derive(uint8_t out[32], uint64_t number, const uint8_t key[32]) { crypto_kdf_derive_from_key(out, 32, number, "handfst1", key); }

// Each key of a handshake seals one message, and of either direction only the first record is looked at: all counters are 0.
constexpr uint8_t kNonce[12] = {};

void Seal(uint8_t suite, uint8_t* out, const uint8_t* message, size_t size, const uint8_t* ad, size_t adSize, const uint8_t key[32]) {
  if (suite == kAes) crypto_aead_aes256gcm_encrypt(out, nullptr, message, size, ad, adSize, nullptr, kNonce, key);
  else crypto_aead_chacha20poly1305_ietf_encrypt(out, nullptr, message, size, ad, adSize, nullptr, kNonce, key);
}

bool Open(uint8_t suite, uint8_t* out, const uint8_t* sealed, size_t size, const uint8_t* ad, size_t adSize, const uint8_t key[32]) {
  if (suite == kAes) return crypto_aead_aes256gcm_decrypt(out, nullptr, nullptr, sealed, size, ad, adSize, kNonce, key) == 0;
  return crypto_aead_chacha20poly1305_ietf_decrypt(out, nullptr, nullptr, sealed, size, ad, adSize, kNonce, key) == 0;
}

void WriteU32(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

uint32_t ReadU32(const uint8_t* at) { return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3]; }

struct Peer {
  uint8_t id[32], secret[64], boot[16];
};

struct KeyPair {
  uint8_t publicKey[32], secret[32];
};

// Labels, and what all handshakes begin with.
struct Network {
  std::string responder = Label("responder"), initiator = Label("initiator"), keys = Label("keys"), session = Label("session");
  uint8_t tag[16], start[kHash];
  uint8_t listener[32];
  std::vector<uint8_t> suites;

  Network(const char* name, const char* listenerHex) {
    uint8_t hash[kHash];
    Hash().Add(Label("network")).Add(std::string(name)).Into(hash);
    std::memcpy(tag, hash, sizeof tag);
    Hash().Add(Label("transcript")).Into(start);
    Expect(sodium_hex2bin(listener, sizeof listener, listenerHex, std::strlen(listenerHex), nullptr, nullptr, nullptr) == 0, "no public key");
    suites = {kChaCha};
    if (crypto_aead_aes256gcm_is_available()) suites.push_back(kAes);
  }
};

// One connection, used again and again.
struct Dialling {
  int fd = -1;
  double began;
  const Peer* peer;
  KeyPair ephemeral;
  bool replied = false;  // the finish has been sent
  uint8_t in[1024];
  size_t held;
  uint8_t suite;
  uint8_t h1[kHash], h2[kHash], h3[kHash], prk[kHash], shared[32], proof[kProof], claim[kClaim], signature[64], key[32];
  std::vector<uint8_t> signedByListener, toSign;

  void Begin(const sockaddr_in& address, const Network& network, const Peer& as, const KeyPair& key) {
    began = Now();
    peer = &as;
    ephemeral = key;
    replied = false;
    held = 0;
    fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // On this machine it is there as soon as it is asked for.
    Expect(fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "cannot connect");
    uint8_t hello[128];
    uint8_t* at = hello + 4;
    *at++ = kHello;
    *at++ = 1;
    *at++ = 1;
    *at++ = static_cast<uint8_t>(network.suites.size());
    at = std::copy(network.suites.begin(), network.suites.end(), at);
    at = std::copy(network.tag, network.tag + 16, at);
    at = std::copy(ephemeral.publicKey, ephemeral.publicKey + 32, at);
    *at++ = 0;
    *at++ = 0;
    const size_t size = static_cast<size_t>(at - hello) - 4;
    WriteU32(hello, static_cast<uint32_t>(size));
    Hash().Add(network.start, kHash).Add(hello + 4, size).Into(h1);
    Write(hello, size + 4);
  }

  void Write(const uint8_t* bytes, size_t size) { Expect(send(fd, bytes, size, 0) == static_cast<ssize_t>(size), "the connection broke off"); }

  // True: a whole frame is there.
  bool Read() {
    const ssize_t came = recv(fd, in + held, sizeof in - held, MSG_DONTWAIT);
    if (came < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    Expect(came > 0, "the listener ended the connection");
    held += static_cast<size_t>(came);
    return held >= 4 && held >= 4 + ReadU32(in);
  }

  void ReadReply() {
    const uint8_t* frame = in + 4;
    Expect(held == 4 + kReply && frame[0] == kReplyFrame && frame[1] == 1 && (frame[2] == kChaCha || frame[2] == kAes) && frame[35] == 0 && frame[36] == 0, "no reply");
    suite = frame[2];
    Hash().Add(h1, kHash).Add(frame, kReplyHead).Into(h2);
  }

  // With the shared secret: what the listener has signed, and what is to be signed here.
  void OpenReply(const Network& network) {
    const uint8_t* sealed = in + 4 + kReplyHead;
    Hash().Add(network.keys).Add(shared, 32).Add(h2, kHash).Into(prk);
    Derive(key, 1, prk);
    Expect(Open(suite, proof, sealed, kProof + kTag, h2, kHash, key), "the listener's proof does not open");
    Expect(std::memcmp(proof, network.listener, 32) == 0, "somebody else answers");
    const uint64_t now = Milliseconds(), theirs = uint64_t{ReadU32(proof + 32)} << 32 | ReadU32(proof + 36);
    Expect(theirs + 30000 >= now && now + 30000 >= theirs, "the listener's clock differs");
    Hash().Add(h2, kHash).Add(sealed, kProof + kTag).Into(h3);
    signedByListener.assign(network.responder.begin(), network.responder.end());
    signedByListener.insert(signedByListener.end(), h2, h2 + kHash);
    signedByListener.insert(signedByListener.end(), proof, proof + kClaim);
    std::memcpy(claim, peer->id, 32);
    WriteU32(claim + 32, static_cast<uint32_t>(now >> 32));
    WriteU32(claim + 36, static_cast<uint32_t>(now));
    claim[40] = claim[41] = 0;
    toSign.assign(network.initiator.begin(), network.initiator.end());
    toSign.insert(toSign.end(), h3, h3 + kHash);
    toSign.insert(toSign.end(), proof, proof + 32);
    toSign.insert(toSign.end(), claim, claim + kClaim);
  }

  // The signature is there, and the listener's has been verified.
  void Finish(const Network& network) {
    uint8_t out[512];
    uint8_t own[kProof];
    std::memcpy(own, claim, kClaim);
    std::memcpy(own + kClaim, signature, 64);
    WriteU32(out, 1 + kProof + kTag);
    out[4] = kFinish;
    Derive(key, 2, prk);
    Seal(suite, out + 5, own, kProof, h3, kHash, key);
    uint8_t h4[kHash], prk2[kHash];
    Hash().Add(h3, kHash).Add(out + 5, kProof + kTag).Into(h4);
    Hash().Add(network.session).Add(prk, kHash).Add(h4, kHash).Into(prk2);
    // OPEN of a node: kind, largest record, and two extensions: it takes part as a node, in this life.
    uint8_t open[1 + 4 + 2 + 4 + 4 + 16] = {kOpen, 0, 0x10, 0x04, 0, 0, 24, 0, 2, 0, 0, 0, 3, 0, 16};
    std::memcpy(open + 15, peer->boot, 16);
    uint8_t* record = out + 5 + kProof + kTag;
    WriteU32(record, sizeof open + kTag);
    Derive(key, 1, prk2);
    Seal(suite, record + 4, open, sizeof open, record, 4, key);
    Derive(key, 2, prk2);
    Write(out, static_cast<size_t>(record - out) + 4 + sizeof open + kTag);
    replied = true;
    held = 0;
  }

  void ReadOpen() {
    const uint32_t declared = ReadU32(in);
    uint8_t open[512];
    Expect(declared >= 1 + 4 + 2 + kTag && declared <= sizeof open + kTag, "no OPEN");
    Expect(Open(suite, open, in + 4, declared, in, 4, key) && open[0] == kOpen, "the listener's first record is no OPEN");
  }

  void Cut() {
    close(fd);
    fd = -1;
  }
};

class Storm {
 public:
  Storm(int port, const char* network, const char* listener, size_t atOnce) : network_(network, listener), peers_(kPeers), diallings_(atOnce), polled_(atOnce) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(static_cast<uint16_t>(port));
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (Peer& peer : peers_) {
      uint8_t seed[32];
      randombytes_buf(seed, sizeof seed);
      handfast::Ed25519KeyPair(peer.id, peer.secret, seed);
      randombytes_buf(peer.boot, sizeof peer.boot);
    }
  }

  void Run(double seconds) {
    const double began = Now(), until = began + seconds, usedBefore = ProcessorMicroseconds();
    took_.clear();
    size_t open = 0;
    // As many as the kernels do together, or as may be expected to come.
    const size_t wanted = std::min<size_t>(8, std::max<size_t>(1, diallings_.size() / 4));
    std::vector<Dialling*> replied;
    do {
      const bool more = Now() < until;
      for (size_t i = 0; i < diallings_.size(); i++) {
        Dialling& one = diallings_[i];
        if (one.fd < 0 && more) {
          one.Begin(address_, network_, peers_[next_++ % kPeers], Ephemeral());
          open++;
        }
        polled_[i] = {one.fd, POLLIN, 0};
      }
      for (Dialling* one : replied) polled_[static_cast<size_t>(one - diallings_.data())].fd = -1;
      const int came = poll(polled_.data(), polled_.size(), replied.empty() ? kSilenceMs : kGatherMs);
      Expect(came > 0 || !replied.empty(), "the listener says nothing");
      for (size_t i = 0; i < diallings_.size(); i++) {
        Dialling& one = diallings_[i];
        if (polled_[i].revents == 0 || !one.Read()) continue;
        if (one.replied) {
          one.ReadOpen();
          one.Cut();
          open--;
          took_.push_back(Now() - one.began);
        } else {
          one.ReadReply();
          replied.push_back(&one);
        }
      }
      if (replied.size() >= wanted || came == 0) Answer(replied);
    } while (open > 0 || Now() < until);
    Tell(Now() - began, ProcessorMicroseconds() - usedBefore);
  }

 private:
  // Nothing for so long: a listener that has forgotten somebody.
  static constexpr int kSilenceMs = 10000;
  static constexpr int kGatherMs = 1;

  const KeyPair& Ephemeral() {
    if (left_ == 0) {
      std::vector<Work> work(sizeof keys_ / sizeof *keys_);
      for (size_t i = 0; i < work.size(); i++) {
        work[i].op = Op::keygen;
        work[i].secret = {keys_[i].secret, 32};
        work[i].out = {keys_[i].publicKey, 32};
      }
      handfast::RunWork(work.data(), work.size());
      left_ = work.size();
    }
    return keys_[--left_];
  }

  void Answer(std::vector<Dialling*>& replied) {
    std::vector<Work> work;
    for (Dialling* one : replied) {
      Work dh{};
      dh.op = Op::dh;
      dh.secret = {one->ephemeral.secret, 32};
      dh.publicKey = {one->in + 4 + 3, 32};
      dh.out = {one->shared, 32};
      work.push_back(dh);
    }
    handfast::RunWork(work.data(), work.size());
    for (const Work& dh : work) Expect(dh.result == 1, "the listener's key is weak");
    work.clear();
    for (Dialling* one : replied) {
      one->OpenReply(network_);
      Work verify{}, sign{};
      verify.op = Op::verify;
      verify.message = {one->signedByListener.data(), one->signedByListener.size()};
      verify.publicKey = {network_.listener, 32};
      verify.signature = {one->proof + kClaim, 64};
      sign.op = Op::sign;
      sign.secret = {const_cast<uint8_t*>(one->peer->secret), 64};
      sign.message = {one->toSign.data(), one->toSign.size()};
      sign.out = {one->signature, 64};
      work.push_back(verify);
      work.push_back(sign);
    }
    handfast::RunWork(work.data(), work.size());
    for (const Work& done : work) Expect(done.result == 1, "the listener's signature is wrong");
    for (Dialling* one : replied) one->Finish(network_);
    replied.clear();
  }

  void Tell(double seconds, double usedMicroseconds) {
    std::sort(took_.begin(), took_.end());
    std::printf("{\"opened\":%zu,\"seconds\":%.6f,\"processorMicroseconds\":%.0f,\"nanoseconds\":{", took_.size(), seconds, usedMicroseconds);
    for (int percent : {1, 10, 25, 50, 75, 90, 99})
      std::printf("%s\"p%d\":%.0f", percent == 1 ? "" : ",", percent, took_.empty() ? 0.0 : 1e9 * took_[(took_.size() - 1) * static_cast<size_t>(percent) / 100]);
    std::printf("}}\n");
    std::fflush(stdout);
  }

  Network network_;
  sockaddr_in address_{};
  std::vector<Peer> peers_;
  std::vector<Dialling> diallings_;
  std::vector<pollfd> polled_;
  std::vector<double> took_;
  size_t next_ = 0;
  KeyPair keys_[64];
  size_t left_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Expect(sodium_init() >= 0 && argc == 5, "storm-load PORT NETWORK LISTENER AT-ONCE");
  std::signal(SIGPIPE, SIG_IGN);
  Storm storm(std::atoi(argv[1]), argv[2], argv[3], static_cast<size_t>(std::atoi(argv[4])));
  double ms;
  while (std::scanf("%lf", &ms) == 1) storm.Run(ms / 1000);
  return 0;
}
