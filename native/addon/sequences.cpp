// Sequences: what a handshake does between two messages, in one crossing.
#include <sodium.h>

#include <cstring>
#include <memory>

#include "addon/exports.h"
#include "core/sequence.h"

namespace handfast {
namespace {

// More than any program makes that does not make them without end.
constexpr size_t kMostSequences = 4096;
// Inputs and results of one run: doubles at a fixed place of the scratch block, inputs first.
constexpr size_t kNumbersAt = 1024, kMostNumbers = 64;
static_assert(Sequence::kMostValues + Sequence::kMostResults <= kMostNumbers, "inputs and results of a run must have room");

// sequenceNew(program) -> number of the sequence, for as long as the environment; the program is described in core/sequence.h
napi_value New(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes program = arguments.Any(0, "program", 1);
  if (!arguments.Ok()) return nullptr;
  auto& sequences = arguments.environment().sequences;
  auto sequence = std::make_unique<Sequence>();
  if (sequences.size() >= kMostSequences || !sequence->Read(program)) return arguments.Throw(Fault::bad_argument, "program: expected a sequence of steps");
  sequences.push_back(std::move(sequence));
  return arguments.Number(static_cast<double>(sequences.size()));
}

// sequenceRun(number, room) -> whether all that was sealed has opened. The numbers at kNumbersAt are the inputs, each a place in the scratch block or the handle of a key; behind them the
// results are written likewise. Bytes that are results lie from the offset `room` of the scratch block. Spent keys are released, also when something did not open; not on an error.
napi_value Run(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Environment& environment = arguments.environment();
  const size_t number = arguments.Integer(0, "number", 1, environment.sequences.size());
  const size_t room = arguments.Integer(1, "room", 0, (size_t{1} << kScratchOffsetBits) - 1);
  if (!arguments.Ok()) return nullptr;
  if (environment.sequences.empty()) return arguments.Throw(Fault::bad_argument, "number: expected that of a sequence");
  const Sequence& sequence = *environment.sequences[number - 1];
  const Bytes scratch = environment.Block(environment.scratch);
  if (!scratch.data || scratch.size < kNumbersAt + kMostNumbers * sizeof(double) || room < kNumbersAt + kMostNumbers * sizeof(double) || room > scratch.size) {
    return arguments.Throw(Fault::bad_argument, "room: expected a place in the scratch block");
  }

  double numbers[kMostNumbers];
  std::memcpy(numbers, scratch.data + kNumbersAt, sequence.inputs() * sizeof(double));
  Bytes inputs[Sequence::kMostValues];
  for (size_t i = 0; i < sequence.inputs(); i++) {
    const bool handle = numbers[i] >= static_cast<double>(kFirstHandle) && numbers[i] < 9007199254740992.0;
    if (sequence.IsKey(i) != handle) return arguments.Throw(Fault::bad_argument, "inputs: expected handles for keys, and places in the scratch block for bytes");
    inputs[i] = handle ? environment.secrets->At(static_cast<Handle>(numbers[i])) : arguments.Packed(numbers[i]);
    if (!inputs[i].data) return arguments.Throw(handle ? Fault::released : Fault::bad_argument, handle ? "this key was wiped" : "inputs: expected places in the scratch block");
    if (handle && inputs[i].size != sequence.KeyBytes(i)) return arguments.Throw(Fault::bad_argument, "inputs: a key of another length");
  }
  Sequence::Result results[Sequence::kMostResults];
  const Fault fault = sequence.Run(inputs, {scratch.data + room, scratch.size - room}, *environment.secrets, environment.ciphers, results);
  if (fault != Fault::none && fault != Fault::bad_tag) {
    return arguments.Throw(fault, fault == Fault::internal ? "the system gives no more guarded memory" : "inputs: more than the scratch block has room for");
  }
  for (size_t i = 0; i < sequence.inputs(); i++) {
    if (sequence.IsSpent(i)) environment.secrets->Release(static_cast<Handle>(numbers[i]));
  }
  if (fault == Fault::bad_tag) return arguments.Boolean(false);
  for (size_t i = 0; i < sequence.results(); i++) {
    const Sequence::Result& result = results[i];
    numbers[i] = result.kind == Sequence::Kind::bytes ? static_cast<double>(result.bytes.size << kScratchOffsetBits | static_cast<size_t>(result.bytes.data - scratch.data))
                                                      : static_cast<double>(result.handle);
  }
  std::memcpy(scratch.data + kNumbersAt + sequence.inputs() * sizeof(double), numbers, sequence.results() * sizeof(double));
  return arguments.Boolean(true);
}

constexpr NamedExport kExports[] = {{"sequenceNew", New}, {"sequenceRun", Run}};

}  // namespace

ExportList SequenceExports() { return ListOf(kExports); }

}  // namespace handfast
