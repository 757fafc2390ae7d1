/** The longer side of a picture as it is sent, in pixels; the server keeps 1280. */
const longest = 1600;
/** A picture up to this many bytes is sent as it is. */
const small = 400_000;

/**
 * Makes a camera's picture fit for a phone's line: turned upright, at most 1600 px, JPEG. What this browser cannot
 * read is sent as it is: the server decides.
 */
export async function fitPicture(file: Blob): Promise<Blob> {
  if (file.size <= small && file.type === 'image/jpeg') return file;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file;
  }
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const pen = canvas.getContext('2d');
  if (!pen) return file;
  // JPEG has no transparency: what is see-through becomes white, not black.
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.86));
  return made && made.size < file.size ? made : file;
}
