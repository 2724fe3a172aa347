//! The code table of this room.

ingot_base::messages! {
    /// A file that is no picture.
    IMAGE_INVALID = {
        code: "image-invalid", class: Failed, status: 422,
        en: "the picture cannot be decoded: it is damaged, or no JPEG, PNG or WebP file", zh: "无法解码图片：文件已损坏，或不是 JPEG、PNG、WebP 格式",
        hint_en: "save it again as JPEG or PNG", hint_zh: "请另存为 JPEG 或 PNG",
    };
    /// A file that ends before its picture does.
    IMAGE_CUT = {
        code: "image-cut", class: Failed, status: 422,
        en: "the picture ends early: its file is cut off", zh: "图片不完整：文件在图像结束之前就中断了",
        hint_en: "copy or download the file again", hint_zh: "请重新复制或下载该文件",
    };
    /// A picture larger than anyone needs.
    IMAGE_LARGE = {
        code: "image-large", class: Failed, status: 413,
        en: "the picture is larger than {limit}", zh: "图片超过上限 {limit}",
        hint_en: "scale it down before sending it", hint_zh: "请缩小后再提交",
    };
}
