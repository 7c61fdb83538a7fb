/** The browser's end of a test call: microphone, LiveKit room, and what is heard and said in it. Loaded when a call is made. */
import { type LocalAudioTrack, Room, RoomEvent, Track, type RemoteTrack } from "livekit-client";
import { LevelMeter } from "./levelMeter";

export interface Line {
  /** LiveKit's id of the piece of speech; the same one comes again with more words. */
  id: string;
  speaker: "caller" | "agent";
  text: string;
}

export interface LineListener {
  /** The agent can be heard. */
  answered: () => void;
  said: (line: Line) => void;
  /** The agent's first sound came so long after the caller's last one. */
  responded: (milliseconds: number) => void;
  /** How loud the caller is, 0 to 1. */
  level: (value: number) => void;
  /** The agent or the network ended it; not called after `hangUp`. */
  ended: (how: "over" | "lost") => void;
}

/** Louder than a quiet room; RMS. */
const AUDIBLE = 0.01;
const LEVEL_MILLISECONDS = 50;

/** Why there is no microphone. */
export class MicrophoneError extends Error {
  override readonly name = "MicrophoneError";

  constructor(readonly kind: "refused" | "missing") {
    super(kind);
  }
}

/** Asked for before anything is called: a refusal must not have started an agent. Raises `MicrophoneError`. */
export async function openMicrophone(): Promise<MediaStreamTrack> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    const track = stream.getAudioTracks()[0];
    if (track) return track;
  } catch (error) {
    if (error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "SecurityError")) {
      throw new MicrophoneError("refused");
    }
    if (!(error instanceof DOMException)) throw error;
  }
  throw new MicrophoneError("missing");
}

export class PhoneLine {
  private readonly room = new Room();
  private readonly audio = new AudioContext();
  private readonly own: LevelMeter;
  private agent: LevelMeter | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private element: HTMLMediaElement | undefined;
  private lastWord: number | undefined;
  private agentSpoke = false;
  private hungUp = false;

  constructor(
    private readonly microphone: MediaStreamTrack,
    private readonly listener: LineListener,
  ) {
    this.own = new LevelMeter(this.audio, microphone);
  }

  async connect(url: string, token: string): Promise<void> {
    this.room.on(RoomEvent.TrackSubscribed, (track) => this.hear(track));
    this.room.on(RoomEvent.Disconnected, (reason) => {
      const byServer = reason !== undefined && reason !== 0;
      this.close();
      if (!this.hungUp) this.listener.ended(byServer ? "over" : "lost");
    });
    this.room.registerTextStreamHandler("lk.transcription", async (reader, { identity }) => {
      const id = reader.info.attributes?.["lk.segment_id"] ?? reader.info.id;
      const speaker = identity === this.room.localParticipant.identity ? "caller" : "agent";
      let text = "";
      try {
        for await (const piece of reader) {
          text += piece;
          this.listener.said({ id, speaker, text });
        }
      } catch {
        // The room was left in the middle of a word: what had come stays.
      }
    });
    await this.room.connect(url, token);
    await this.room.localParticipant.publishTrack(this.microphone, { source: Track.Source.Microphone });
    this.timer = setInterval(() => this.listen(), LEVEL_MILLISECONDS);
  }

  async mute(muted: boolean): Promise<void> {
    const track = this.room.localParticipant.getTrackPublication(Track.Source.Microphone)?.track as
      | LocalAudioTrack
      | undefined;
    await (muted ? track?.mute() : track?.unmute());
  }

  async hangUp(): Promise<void> {
    this.hungUp = true;
    await this.room.disconnect();
    this.close();
  }

  private hear(track: RemoteTrack): void {
    if (track.kind !== Track.Kind.Audio || this.agent) return;
    this.element = track.attach();
    this.element.id = "agent-audio";
    document.body.append(this.element);
    this.agent = new LevelMeter(this.audio, track.mediaStreamTrack);
    this.listener.answered();
  }

  private listen(): void {
    const now = performance.now();
    const own = this.own.rms();
    this.listener.level(Math.min(1, own * 8));
    const agent = this.agent?.rms() ?? 0;
    if (own > AUDIBLE && agent <= AUDIBLE) {
      this.lastWord = now;
      this.agentSpoke = false;
    } else if (agent > AUDIBLE && !this.agentSpoke) {
      this.agentSpoke = true;
      if (this.lastWord !== undefined) this.listener.responded(Math.round(now - this.lastWord));
      this.lastWord = undefined;
    }
  }

  private close(): void {
    clearInterval(this.timer);
    this.element?.remove();
    this.microphone.stop();
    if (this.audio.state !== "closed") void this.audio.close();
  }
}
