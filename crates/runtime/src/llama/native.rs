//! llama.cpp behind a safe face: models, contexts, batches, adapters, the grammars of schemas. Nothing else of the workspace calls its C
//! functions.
#![expect(unsafe_code, reason = "calls into llama.cpp's C API; each call states why it is sound")]

use super::memory::Sealed;
use super::quantize::Importance;
use crate::deep::deep;
use crate::generate::{Token, schema};
use crate::messages::LLAMA;
use ingot_base::{Fault, Result, Text};
use llama_cpp_sys_2 as sys;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// Bytes of the stack of a thread that turns a schema into a grammar: llama.cpp goes down into the schema, and into each of its texts
/// character by character.
const STACK: usize = 64 << 20;

/// The last thing llama.cpp complained of.
static COMPLAINT: Mutex<String> = Mutex::new(String::new());

fn complaint() -> &'static Mutex<String> {
    &COMPLAINT
}

/// Keeps llama.cpp from writing to the terminal; what it calls an error is kept for the next fault.
unsafe extern "C" fn listen(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if level != sys::GGML_LOG_LEVEL_ERROR || text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a text that ends with a zero and lives for the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let mut last = complaint().lock().unwrap_or_else(PoisonError::into_inner);
    text.trim().clone_into(&mut last);
}

unsafe extern "C" {
    /// Offers llama.cpp faster products of weights, where the processor can do them (native/repack.cpp).
    fn ingot_repack() -> bool;
    /// The tokens of a text: their number, less than zero when there is too little room, the least when it cannot be read.
    fn ingot_tokenize(
        vocabulary: *const sys::llama_vocab,
        text: *const c_char,
        length: i32,
        tokens: *mut Token,
        room: i32,
        control: bool,
    ) -> i32;
    /// The bytes of a token, in the same way.
    fn ingot_piece(
        vocabulary: *const sys::llama_vocab,
        token: Token,
        bytes: *mut c_char,
        room: i32,
    ) -> i32;
    /// Matrices that were laid out for them since the program began.
    #[cfg(test)]
    fn ingot_repacked() -> u64;
}

/// Matrices whose weights were packed since the program began.
#[cfg(test)]
pub(super) fn packed_so_far() -> u64 {
    // SAFETY: reads an atomic number.
    unsafe { ingot_repacked() }
}

/// Whether this processor multiplies packed weights.
static PACKS: AtomicBool = AtomicBool::new(false);

/// Whether this processor multiplies packed weights; known once a model was loaded.
#[cfg(test)]
pub(super) fn packs() -> bool {
    PACKS.load(Ordering::Acquire)
}

fn begin() -> Result<()> {
    static ONCE: Once = Once::new();
    super::processor::check()?;
    ONCE.call_once(|| {
        // SAFETY: the callback is a function without state; all calls may be made once, before anything else.
        unsafe {
            sys::llama_log_set(Some(listen), ptr::null_mut());
            sys::llama_backend_init();
            PACKS.store(ingot_repack(), Ordering::Release);
        }
    });
    Ok(())
}

/// A fault with what llama.cpp said of it. It speaks of tensors, keys and paths, never of prompts.
pub(super) fn failed(doing: &str) -> Fault {
    let said = std::mem::take(&mut *complaint().lock().unwrap_or_else(PoisonError::into_inner));
    let fault = Fault::new(&LLAMA).arg("doing", doing);
    if said.is_empty() { fault } else { fault.because(said) }
}

/// A model in memory.
pub(super) struct Model {
    raw: NonNull<sys::llama_model>,
    vocabulary: NonNull<sys::llama_vocab>,
    /// The bytes that it is mapped from.
    _bytes: Sealed,
    /// Held while its list of adapters changes.
    list: Mutex<()>,
}

// SAFETY: a loaded model is only read; llama.cpp allows that from many threads.
unsafe impl Send for Model {}
// SAFETY: as above.
unsafe impl Sync for Model {}

impl Model {
    /// Loads a model. Its head must have been checked. With `packed`, weights are copied into the order in which this processor
    /// multiplies them fastest; results are the same.
    pub(super) fn load(bytes: Sealed, packed: bool) -> Result<Self> {
        begin()?;
        let path = bytes.path();
        // SAFETY: a plain function that fills a struct.
        let mut params = unsafe { sys::llama_model_default_params() };
        params.n_gpu_layers = 0;
        params.load_mode = sys::LLAMA_LOAD_MODE_MMAP;
        params.use_extra_bufts = packed;
        // SAFETY: the path ends with a zero and lives for the call; the parameters are the defaults but for plain numbers.
        let raw = unsafe { sys::llama_model_load_from_file(path.as_ptr(), params) };
        let raw = NonNull::new(raw).ok_or_else(|| failed("reading the model"))?;
        // SAFETY: the model is loaded; its vocabulary lives as long as it does.
        let vocabulary = unsafe { sys::llama_model_get_vocab(raw.as_ptr()) };
        let vocabulary =
            NonNull::new(vocabulary.cast_mut()).ok_or_else(|| failed("reading the vocabulary"))?;
        Ok(Self { raw, vocabulary, _bytes: bytes, list: Mutex::new(()) })
    }

    pub(super) fn vocabulary(&self) -> usize {
        // SAFETY: the vocabulary lives as long as the model.
        let count = unsafe { sys::llama_vocab_n_tokens(self.vocabulary.as_ptr()) };
        usize::try_from(count).unwrap_or_default()
    }

    /// The mark that begins every prompt, when the model wants one.
    pub(super) fn begin(&self) -> Option<Token> {
        // SAFETY: the vocabulary lives as long as the model.
        let (wants, token) = unsafe {
            let vocabulary = self.vocabulary.as_ptr();
            (sys::llama_vocab_get_add_bos(vocabulary), sys::llama_vocab_bos(vocabulary))
        };
        (wants && token >= 0).then_some(token)
    }

    /// The text of the marks that templates know as `bos_token` and `eos_token`.
    pub(super) fn marks(&self) -> (String, String) {
        let text = |token: Token| {
            if token < 0 {
                return String::new();
            }
            // SAFETY: the vocabulary lives as long as the model, and so do its texts; the token is one of it.
            let text = unsafe { sys::llama_vocab_get_text(self.vocabulary.as_ptr(), token) };
            if text.is_null() {
                return String::new();
            }
            // SAFETY: llama.cpp returns a text that ends with a zero.
            unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
        };
        // SAFETY: the vocabulary lives as long as the model.
        let (begin, end) = unsafe {
            let vocabulary = self.vocabulary.as_ptr();
            (sys::llama_vocab_bos(vocabulary), sys::llama_vocab_eos(vocabulary))
        };
        (text(begin), text(end))
    }

    /// Whether a token is a mark of an answer's end.
    pub(super) fn ends(&self, token: Token) -> bool {
        // SAFETY: the vocabulary lives as long as the model; the token is checked to be one of it.
        self.knows(token) && unsafe { sys::llama_vocab_is_eog(self.vocabulary.as_ptr(), token) }
    }

    pub(super) fn knows(&self, token: Token) -> bool {
        usize::try_from(token).is_ok_and(|token| token < self.vocabulary())
    }

    /// The tokens of a text, without marks of its beginning and end.
    pub(super) fn tokens(&self, text: &str, control: bool) -> Vec<Token> {
        let Ok(length) = i32::try_from(text.len()) else { return Vec::new() };
        let mut tokens: Vec<Token> = vec![0; text.len() + 8];
        for _ in 0..2 {
            let room = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
            // SAFETY: both buffers are as long as their lengths say and live for the call.
            let count = unsafe {
                let vocabulary = self.vocabulary.as_ptr();
                let text = text.as_ptr().cast();
                ingot_tokenize(vocabulary, text, length, tokens.as_mut_ptr(), room, control)
            };
            if count == i32::MIN {
                break;
            }
            if let Ok(count) = usize::try_from(count) {
                tokens.truncate(count);
                return tokens;
            }
            tokens.resize(usize::try_from(count.unsigned_abs()).unwrap_or_default(), 0);
        }
        Vec::new()
    }

    /// The bytes a token stands for; none for marks.
    pub(super) fn piece(&self, token: Token) -> Vec<u8> {
        if !self.knows(token) {
            return Vec::new();
        }
        let mut bytes = vec![0_u8; 64];
        for _ in 0..2 {
            let room = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
            // SAFETY: the buffer is as long as its length says and lives for the call; the token is one of the vocabulary.
            let count = unsafe {
                let vocabulary = self.vocabulary.as_ptr();
                ingot_piece(vocabulary, token, bytes.as_mut_ptr().cast(), room)
            };
            if count == i32::MIN {
                break;
            }
            if let Ok(count) = usize::try_from(count) {
                bytes.truncate(count);
                return bytes;
            }
            bytes.resize(usize::try_from(count.unsigned_abs()).unwrap_or_default(), 0);
        }
        Vec::new()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: contexts and adapters hold the model, so nothing of it is in use any more.
        unsafe { sys::llama_model_free(self.raw.as_ptr()) }
    }
}

/// A low-rank change of a model.
pub(super) struct Adapter {
    raw: NonNull<sys::llama_adapter_lora>,
    model: Arc<Model>,
}

// SAFETY: an adapter is only read after loading.
unsafe impl Send for Adapter {}
// SAFETY: as above.
unsafe impl Sync for Adapter {}

impl Adapter {
    /// Loads an adapter for a model. Its head must have been checked; its numbers are copied.
    pub(super) fn load(model: Arc<Model>, bytes: &Sealed) -> Result<Self> {
        let path = bytes.path();
        let list = model.list.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the model is loaded, and no other thread changes its list of adapters meanwhile.
        let raw = unsafe { sys::llama_adapter_lora_init(model.raw.as_ptr(), path.as_ptr()) };
        let raw = NonNull::new(raw).ok_or_else(|| failed("reading the adapter"))?;
        drop(list);
        Ok(Self { raw, model })
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _list = self.model.list.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: requests hold the adapters that they use, and a context that used this one last changes it before its next
        // step; no other thread changes the model's list of adapters meanwhile.
        unsafe { sys::llama_adapter_lora_free(self.raw.as_ptr()) }
    }
}

/// Sizes of a context.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Tokens of all sequences together.
    pub(super) tokens: u32,
    /// Sequences.
    pub(super) sequences: u32,
    /// Tokens of one step at most.
    pub(super) batch: u32,
    /// Rows of scores of one step at most.
    pub(super) outputs: u32,
    /// Threads.
    pub(super) threads: i32,
}

/// Watches the tensors of a step, for importance.
pub(super) type Watch = unsafe extern "C" fn(*mut sys::ggml_tensor, bool, *mut c_void) -> bool;

/// The state of sequences, and the buffers to compute with.
pub(super) struct Context {
    raw: NonNull<sys::llama_context>,
    pool: Option<NonNull<sys::ggml_threadpool>>,
    model: Arc<Model>,
    /// The flag that ends the step under way when it turns true.
    stop: Box<AtomicPtr<AtomicBool>>,
    vocabulary: usize,
}

// SAFETY: a context may move between threads; only its owner calls into it.
unsafe impl Send for Context {}

/// Reads the flag of the step under way.
unsafe extern "C" fn stopped(data: *mut c_void) -> bool {
    // SAFETY: `data` is the context's box, which outlives the context; it holds null or a flag that the caller of the step
    // keeps alive until the step ends.
    unsafe {
        let holder = &*data.cast::<AtomicPtr<AtomicBool>>();
        let flag = holder.load(Ordering::Acquire);
        !flag.is_null() && (*flag).load(Ordering::Acquire)
    }
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Its scores can be read.
    Done,
    /// There was no room; nothing changed.
    Full,
    /// Its flag turned true; the sequences in it must be removed.
    Stopped,
}

impl Context {
    pub(super) fn new(
        model: Arc<Model>,
        sizes: Sizes,
        watch: Option<(Watch, *mut c_void)>,
    ) -> Result<Self> {
        let stop: Box<AtomicPtr<AtomicBool>> = Box::new(AtomicPtr::new(ptr::null_mut()));
        // SAFETY: a plain function that fills a struct.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = sizes.tokens;
        params.n_seq_max = sizes.sequences;
        params.n_batch = sizes.batch;
        params.n_ubatch = sizes.batch.min(512);
        params.n_outputs_max = sizes.outputs;
        params.n_threads = sizes.threads;
        params.n_threads_batch = sizes.threads;
        params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_AUTO;
        params.kv_unified = true;
        params.swa_full = true;
        params.no_perf = true;
        params.offload_kqv = false;
        params.op_offload = false;
        params.abort_callback = Some(stopped);
        params.abort_callback_data = ptr::from_ref(&*stop).cast_mut().cast();
        if let Some((watch, data)) = watch {
            params.cb_eval = Some(watch);
            params.cb_eval_user_data = data;
        }
        // SAFETY: the model is loaded and held by the context; the callback's data outlives it.
        let raw = unsafe { sys::llama_init_from_model(model.raw.as_ptr(), params) };
        let raw = NonNull::new(raw).ok_or_else(|| failed("preparing the context"))?;
        // SAFETY: a plain function that fills a struct, and one that makes threads by it.
        let pool = unsafe {
            let mut params = sys::ggml_threadpool_params_default(sizes.threads);
            NonNull::new(sys::ggml_threadpool_new(&raw mut params))
        };
        if let Some(pool) = pool {
            // SAFETY: the context was just made; the threads are freed after it.
            unsafe { sys::llama_attach_threadpool(raw.as_ptr(), pool.as_ptr(), pool.as_ptr()) }
        }
        let vocabulary = model.vocabulary();
        Ok(Self { raw, pool, model, stop, vocabulary })
    }

    pub(super) fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Computes a batch; ends early when `stop` turns true.
    pub(super) fn step(&mut self, batch: &mut Batch, stop: Option<&AtomicBool>) -> Result<Step> {
        if batch.tokens.is_empty() {
            return Ok(Step::Done);
        }
        if batch.tokens.iter().any(|token| !self.model.knows(*token)) {
            return Err(ingot_base::fault::internal("a token that the model does not know"));
        }
        let flag = stop.map_or(ptr::null_mut(), |flag| ptr::from_ref(flag).cast_mut());
        self.stop.store(flag, Ordering::Release);
        let raw = batch.raw();
        // SAFETY: the batch's lists are all of its length and live for the call; tokens are of the vocabulary, sequences
        // below the context's number.
        let code = unsafe { sys::llama_decode(self.raw.as_ptr(), raw) };
        self.stop.store(ptr::null_mut(), Ordering::Release);
        match code {
            0 => Ok(Step::Done),
            1 => Ok(Step::Full),
            2 => Ok(Step::Stopped),
            _ => Err(failed("computing a step")),
        }
    }

    /// The scores of all tokens after the token at a place of the last batch, which must have asked for them.
    pub(super) fn scores(&self, place: usize) -> Option<&[f32]> {
        let place = i32::try_from(place).ok()?;
        // SAFETY: llama.cpp checks the place and answers null when there are no scores.
        let scores = unsafe { sys::llama_get_logits_ith(self.raw.as_ptr(), place) };
        // SAFETY: scores that are not null are one per token of the vocabulary, and stay until the next step, which needs
        // the context for itself.
        (!scores.is_null()).then(|| unsafe { std::slice::from_raw_parts(scores, self.vocabulary) })
    }

    /// Forgets what a sequence has from a position on.
    pub(super) fn forget(&mut self, sequence: i32, from: usize) {
        let from = i32::try_from(from).unwrap_or(i32::MAX);
        // SAFETY: the context is alive; llama.cpp checks the numbers.
        unsafe {
            sys::llama_memory_seq_rm(sys::llama_get_memory(self.raw.as_ptr()), sequence, from, -1)
        };
    }

    /// Lets a sequence share the first `count` tokens of another.
    pub(super) fn share(&mut self, from: i32, to: i32, count: usize) {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        // SAFETY: the context is alive; llama.cpp checks the numbers.
        unsafe {
            sys::llama_memory_seq_cp(sys::llama_get_memory(self.raw.as_ptr()), from, to, 0, count);
        }
    }

    /// Changes the model by an adapter from the next step on, or by none.
    pub(super) fn adapt(&mut self, adapter: Option<&Adapter>) {
        let mut list = adapter.map_or(ptr::null_mut(), |adapter| adapter.raw.as_ptr());
        let mut scale = 1.0_f32;
        let count = usize::from(adapter.is_some());
        // SAFETY: the lists are of the given length and live for the call; the adapter is of this model and lives as long.
        unsafe {
            sys::llama_set_adapters_lora(self.raw.as_ptr(), &raw mut list, count, &raw mut scale);
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: nothing of the context is in use any more; its threads go after it.
        unsafe {
            sys::llama_free(self.raw.as_ptr());
            if let Some(pool) = self.pool {
                sys::ggml_threadpool_free(pool.as_ptr());
            }
        }
    }
}

/// Tokens of one step.
#[derive(Default)]
pub(super) struct Batch {
    tokens: Vec<Token>,
    positions: Vec<i32>,
    counts: Vec<i32>,
    sequences: Vec<i32>,
    wanted: Vec<i8>,
    pointers: Vec<*mut i32>,
}

// SAFETY: the pointers are made and read within one call; between calls nothing reads them.
unsafe impl Send for Batch {}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.positions.clear();
        self.counts.clear();
        self.sequences.clear();
        self.wanted.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(super) fn token(&self, place: usize) -> Option<Token> {
        self.tokens.get(place).copied()
    }

    /// Adds a token of a sequence; its place in the batch.
    pub(super) fn push(
        &mut self,
        token: Token,
        position: usize,
        sequence: i32,
        wanted: bool,
    ) -> usize {
        self.tokens.push(token);
        self.positions.push(i32::try_from(position).unwrap_or(i32::MAX));
        self.counts.push(1);
        self.sequences.push(sequence);
        self.wanted.push(i8::from(wanted));
        self.tokens.len() - 1
    }

    fn raw(&mut self) -> sys::llama_batch {
        self.pointers.clear();
        self.pointers.extend(self.sequences.iter_mut().map(ptr::from_mut));
        sys::llama_batch {
            n_tokens: i32::try_from(self.tokens.len()).unwrap_or(i32::MAX),
            token: self.tokens.as_mut_ptr(),
            embd: ptr::null_mut(),
            pos: self.positions.as_mut_ptr(),
            n_seq_id: self.counts.as_mut_ptr(),
            seq_id: self.pointers.as_mut_ptr(),
            logits: self.wanted.as_mut_ptr(),
        }
    }
}

/// The grammar of a JSON Schema.
pub(super) fn schema_grammar(text: &str) -> Result<String> {
    let invalid = |(english, chinese)| schema::invalid(Text::new(english, chinese));
    let own =
        CString::new(text).map_err(|_| invalid(("it holds a zero byte", "其中含有零字节")))?;
    // References lead from one deep schema into the next: judging goes down as far as converting.
    let work = || schema::check(text).map(|()| convert(&own));
    let grammar = deep("ingot-schema", STACK, work)??;
    grammar
        .map(|grammar| schema::in_texts(&grammar))
        .ok_or_else(|| invalid(("it uses what grammars cannot say", "使用了语法无法表达的内容")))
}

/// The grammar of a schema, if there is one.
fn convert(schema: &CStr) -> Option<String> {
    let mut out: *mut c_char = ptr::null_mut();
    // SAFETY: the text ends with a zero; the wrapper catches what its library throws and sets `out` or leaves it null.
    let code = unsafe { sys::llama_rs_json_schema_to_grammar(schema.as_ptr(), true, &raw mut out) };
    if code != sys::LLAMA_RS_STATUS_OK || out.is_null() {
        return None;
    }
    // SAFETY: the wrapper returns a text that ends with a zero, to be freed by its own function, once.
    unsafe {
        let text = CStr::from_ptr(out).to_string_lossy().into_owned();
        sys::llama_rs_string_free(out);
        Some(text)
    }
}

/// The watcher that fills an importance, for a context's whole life.
pub(super) fn watching(into: &mut Box<Importance>) -> (Watch, *mut c_void) {
    (watch, ptr::from_mut(&mut **into).cast())
}

/// Adds the squares of what a matrix is multiplied with.
unsafe extern "C" fn watch(tensor: *mut sys::ggml_tensor, ask: bool, data: *mut c_void) -> bool {
    // SAFETY: llama.cpp passes a tensor of the graph it computes, whose sources live as long; `data` is the importance that
    // outlives the context, and only the thread that computes is here.
    let (tensor, importance) = unsafe { (&*tensor, &mut *data.cast::<Importance>()) };
    let [matrix, input, ..] = tensor.src;
    if tensor.op != sys::GGML_OP_MUL_MAT || matrix.is_null() || input.is_null() {
        return !ask;
    }
    // SAFETY: sources that are not null are tensors of the same graph.
    let (matrix, input) = unsafe { (&*matrix, &*input) };
    // SAFETY: names end with a zero within their array.
    let name = unsafe { CStr::from_ptr(matrix.name.as_ptr()) }.to_string_lossy();
    let weight = name.starts_with("blk.") && name.ends_with(".weight");
    if !weight || input.type_ != sys::GGML_TYPE_F32 || input.data.is_null() {
        return !ask;
    }
    if ask {
        return true;
    }
    let [Ok(width), Ok(rows), Ok(planes), _] = input.ne.map(usize::try_from) else { return true };
    let [_, stride, ..] = input.nb;
    if planes != 1 || stride != width * size_of::<f32>() {
        return true;
    }
    // SAFETY: a plain matrix of `rows` rows without gaps, computed by the processor and so in its memory.
    let values = unsafe { std::slice::from_raw_parts(input.data.cast::<f32>(), width * rows) };
    let columns = importance.tensors.entry(name.into_owned()).or_default();
    columns.squares.resize(width, 0.0);
    columns.tokens += rows;
    for row in values.chunks_exact(width.max(1)) {
        for (sum, value) in columns.squares.iter_mut().zip(row) {
            *sum += value * value;
        }
    }
    true
}

/// Writes a model with other bits.
pub(super) fn quantize(
    input: &Path,
    output: &Path,
    kind: u32,
    means: &[(String, Vec<f32>)],
) -> Result<()> {
    begin()?;
    let text = |path: &Path| {
        CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| failed("reading a path"))
    };
    let (from, to) = (text(input)?, text(output)?);
    let names: Vec<CString> =
        means.iter().map(|(name, _)| CString::new(name.as_str()).unwrap_or_default()).collect();
    let mut list: Vec<sys::llama_model_imatrix_data> = names
        .iter()
        .zip(means)
        .map(|(name, (_, values))| sys::llama_model_imatrix_data {
            name: name.as_ptr(),
            data: values.as_ptr(),
            size: values.len(),
        })
        .collect();
    list.push(sys::llama_model_imatrix_data { name: ptr::null(), data: ptr::null(), size: 0 });
    // SAFETY: a plain function that fills a struct.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.nthread = super::threads(0);
    params.ftype = kind;
    params.allow_requantize = true;
    params.imatrix = if means.is_empty() { ptr::null() } else { list.as_ptr() };
    // SAFETY: both paths end with a zero; the importance is a list that ends with an empty entry; all live for the call.
    let code = unsafe { sys::llama_model_quantize(from.as_ptr(), to.as_ptr(), &raw const params) };
    if code == 0 { Ok(()) } else { Err(failed("writing the quantised model")) }
}
