/** Why there is no live camera. */
export type NoCamera = "untrusted" | "refused" | "missing" | "busy";

/** A running camera in a video element. */
export interface Camera {
  /** Turns the light on or off; only where the camera has one that can be. */
  light?: (on: boolean) => Promise<void>;
  stop: () => void;
}

/** Starts the camera that looks away from whoever holds the tablet, or says why it does not. */
export async function startCamera(video: HTMLVideoElement): Promise<Camera | NoCamera> {
  // Browsers give a camera to pages of a trusted address alone.
  if (!isSecureContext || !navigator.mediaDevices) return "untrusted";
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1080 } },
    });
  } catch (error) {
    const { name } = error as DOMException;
    if (name === "NotAllowedError" || name === "SecurityError") return "refused";
    return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "busy";
  }
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  try {
    video.srcObject = stream;
    await video.play();
  } catch {
    stop();
    return "busy";
  }
  const [track] = stream.getVideoTracks();
  // Words of the media capture extensions that TypeScript's DOM does not have.
  const can = (track?.getCapabilities?.() ?? {}) as { torch?: boolean; focusMode?: string[] };
  const set = (what: object) => track?.applyConstraints({ advanced: [what as MediaTrackConstraintSet] });
  if (can.focusMode?.includes("continuous")) await set({ focusMode: "continuous" })?.catch(() => {});
  return { stop, ...(can.torch && { light: async (on: boolean) => set({ torch: on }) }) };
}
